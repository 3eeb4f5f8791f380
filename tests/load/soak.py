"""A long time of all that clients do: memory, descriptors and threads stay flat, and no answer is wrong.

    soak.py BINARY [MINUTES]        20 unless told otherwise; below 10, growth is shown and not judged

Eight clients ask the mix of `load.py`; of their queries one in ten is read slowly, one in twenty left
in its midst, and one in twenty wrong, which has to be refused with its code. After a quarter of the
time, resident memory grows by less than 1 MiB in 10 minutes (least squares through the lowest sample
of each stretch: what queries take for a while is no growth), and descriptors and threads end as they
began, within 5. At the end no query is counted as running.
"""

import asyncio
import random
import time
from collections import Counter

from load import Loop
from machine import SEED, Report, arguments, lower_envelope, percentile, slope
from mix import Client, FlightPool, answers
from place import landed, served
from wire import DOORS, Refused, door, until

CLIENTS = 8
GROWTH = 1.0
WITHIN = 5
# Shortest run of which growth is judged, in minutes.
JUDGED = 10
# Samples of a run, and stretches of which the lowest counts.
SAMPLES = 120
STRETCHES = 15
# What is done of a hundred; the rest is of the mix.
SLOW, LEFT, WRONG = 10, 5, 5
# How long a slow reader pauses, and how long one stays that leaves, in seconds.
PAUSE = 1.0
STAY = 0.2

ROWS = 20_000
BROAD = f"select value, repeat('x', 1000) as filler from generate_series(1, {ROWS}) as t"
ENDLESS = "select value from generate_series(1, 1000000000000) as t where value % 1000003 = 0"
# A query, and the codes of its refusal.
REFUSED = {
    "selec 1": {"PostgreSQL": "42601", "HTTP": 400, "Flight": "INVALID_ARGUMENT"},
    "select nothing from core.acts": {
        "PostgreSQL": "42703",
        "HTTP": 400,
        "Flight": "INVALID_ARGUMENT",
    },
    "DROP TABLE core.acts": {"PostgreSQL": "42501", "HTTP": 403, "Flight": "PERMISSION_DENIED"},
    "select length(repeat('x', 2000000000)) as n": {
        "PostgreSQL": "53200",
        "HTTP": 413,
        "Flight": "RESOURCE_EXHAUSTED",
    },
}


async def reads_slowly(house, name, _):
    """Pauses after the first row; every row must still come."""
    reader = await door(house, name).open()
    try:
        await reader.begin(BROAD)
        await asyncio.sleep(PAUSE)
        rows = await reader.rest()
    finally:
        await reader.vanish()
    assert rows == ROWS, f"{name} gave {rows} rows to a slow reader"


async def leaves(house, name, _):
    """Vanishes while a query runs."""
    client = await door(house, name).open()
    task = asyncio.create_task(client.begin(ENDLESS))
    await asyncio.wait([task], timeout=STAY)
    if task.done():
        task.result()
    await client.vanish()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def is_wrong(house, name, draws):
    """Asks what has to be refused, with its code."""
    sql = draws.choice(list(REFUSED))
    client = await door(house, name).open()
    try:
        await client.begin(sql)
    except Refused as refused:
        wanted = REFUSED[sql][name]
        assert refused.code == wanted, f"{name} refused {sql!r} with {refused.code}, not {wanted}"
    else:
        raise AssertionError(f"{name} answered {sql!r}")
    finally:
        await client.vanish()


class Trouble(Client):
    """A client of the mix that now and then reads slowly, leaves or is wrong."""

    async def any(self):
        """Does one thing; returns its kind and how long it took."""
        does = self.random.choices(
            [None, reads_slowly, leaves, is_wrong], [100 - SLOW - LEFT - WRONG, SLOW, LEFT, WRONG]
        )[0]
        if does is None:
            return await super().any()
        start = time.perf_counter()
        await does(self.house, self.random.choice(list(DOORS)), self.random)
        return does.__name__, time.perf_counter() - start


class Counted(Loop):
    """What the clients found, by kind."""

    def __init__(self):
        super().__init__()
        self.kinds = Counter()

    async def run(self, client, end):
        """Lets one client act until the end."""
        acts = client.any

        async def counted():
            kind, seconds = await acts()
            self.kinds[kind] += 1
            return kind, seconds

        client.any = counted
        await super().run(client, end)


async def sample(house, seconds, samples):
    """Takes samples (time, memory, descriptors, threads) for so long."""
    start, process = time.perf_counter(), house.process
    for number in range(SAMPLES):
        await asyncio.sleep(start + seconds * (number + 1) / SAMPLES - time.perf_counter())
        now = time.perf_counter() - start
        samples.append((now, process.rss(), process.descriptors(), process.threads()))


def show(report, samples):
    """Prints some of the samples."""
    widths = (10, 12, 14, 10)
    report.row(widths, "seconds", "RSS MiB", "descriptors", "threads")
    for now, rss, descriptors, threads in samples[:: max(1, len(samples) // 10)]:
        report.row(widths, f"{now:.0f}", f"{rss:.1f}", descriptors, threads)


def judge(report, samples, minutes):
    """Requires that nothing grows after the first quarter."""
    late = samples[len(samples) // 4 :]
    lowest = lower_envelope([(now / 600, rss) for now, rss, _, _ in late], STRETCHES)
    growth = slope(lowest)
    text = f"{growth:+.2f} MiB in 10 minutes, lowest {lowest[0][1]:.1f} then {lowest[-1][1]:.1f} MiB"
    is_short = minutes < JUDGED
    note = f" (not judged below {JUDGED} minutes)" if is_short else ""
    what = f"memory grows by less than {GROWTH} MiB in 10 minutes"
    report.require(what, growth < GROWTH or is_short, text + note)
    for place, what in ((2, "descriptors"), (3, "threads")):
        ends = lower_envelope([(row[0], row[place]) for row in late], STRETCHES)
        first, last = ends[0][1], ends[-1][1]
        is_flat = abs(last - first) <= WITHIN
        report.require(f"{what} stay within {WITHIN}", is_flat or is_short, f"{first}, then {last}{note}")


async def measure(report, house, known, minutes):
    """Lets the clients act, and looks at the server meanwhile."""
    pool, loop, samples = FlightPool(house.flight), Counted(), []
    draws = [random.Random(SEED * 1000 + number) for number in range(CLIENTS)]
    clients = [await Trouble(house, pool, known, draw).open() for draw in draws]
    end = time.perf_counter() + 60 * minutes
    sampler = sample(house, 60 * minutes, samples)
    await asyncio.gather(sampler, *(loop.run(client, end) for client in clients))
    show(report, samples)
    did = ", ".join(f"{count} {kind}" for kind, count in sorted(loop.kinds.items()))
    late = f"p99 {1000 * percentile(loop.seconds, 0.99):.0f} ms"
    report.say(f"{len(loop.seconds) / minutes / 60:.1f} queries a second, {late}: {did}")
    shown = "; ".join(f"{count} times {text}" for text, count in loop.errors.most_common(3))
    report.require("no errors", not loop.errors, shown or 0)
    judge(report, samples, minutes)
    for client in clients:
        await client.close()
    pool.threads.shutdown()
    try:
        await until(lambda: house.gauge("carnac_queries_running") == 0, 10, "no query runs")
    finally:
        running = house.gauge("carnac_queries_running")
        report.require("no query is counted as running at the end", running == 0, f"{running:.0f}")


def main():
    """Measures the binary named on the command line."""
    binary, minutes = arguments(__doc__, 20)
    report = Report("soak", binary, minutes=minutes, clients=CLIENTS)
    with landed(binary, with_synthetic=True) as lake, served(lake) as house:
        known = {query: (rows,) for query, rows in answers(lake).items()}
        asyncio.run(measure(report, house, known, minutes))
    report.end()


if __name__ == "__main__":
    main()
