"""Ends: a query that never ends is ended in time, and one that is not wanted any more frees its place.

    ends.py BINARY [COUNT]          of each way to leave, 40 unless told otherwise

Deadlines: 40 queries or more that never end, of several kinds over three doors, are given 2 s, and end
at most 1 s later (p99) with the code for it. A reader that stops reading keeps its place no longer.
Cancels: a server with one place computes or sends an answer while a query of another role waits;
from the moment that the first is cancelled, or its client gone, to the answer of the second it takes
at most 500 ms (p99). Memory: a reader that stops after the first row of 10^8 costs less than 64 MiB.
"""

import asyncio
import time

import wire
from machine import Report, arguments, percentile
from place import landed, served, token
from wire import DOORS, Broken, Refused, door, until

DEADLINE = 2
OVERSHOOT = 1.0
FREED = 0.5
HELD_MIB = 64
# Queries that never end, at a time.
AT_ONCE = 4
# Longest wait for what has no event, in seconds.
PATIENCE = 30
# Seconds that a query may go on whose place should be free long before.
STUCK = 10
# Seconds that the server computes on a query before it is left: by then it is in the midst of it.
MIDST = 0.3
# How long a reader that has stopped is looked at, in seconds.
LOOK = 5

MANY = "generate_series(1, 1000000)"
ENDLESS = {
    "series": "select count(*) from generate_series(1, 1000000000000) as t",
    "groups": "select max(n) from (select value % 1000 as k, count(*) as n "
    "from generate_series(1, 1000000000000) as t group by 1) as g",
    "sort": "select max(n) from (select row_number() over (order by random()) as n "
    "from generate_series(1, 1000000000) as t) as s",
    "product": f"select count(*) from {MANY} as a cross join {MANY} as b "
    "where a.value * b.value = 7",
    "join": f"select count(*) from {MANY} as a join {MANY} as b "
    "on a.value % 10 = b.value % 10 where a.value + b.value < 0",
    "filter": "select count(*) from generate_series(1, 1000000000000) as t "
    "where md5(cast(value as varchar)) = 'x'",
    "rows": "select value, repeat('x', 1000) as filler from generate_series(1, 1000000000000) as t",
}
LONG = "select value, repeat('x', 100) as filler from generate_series(1, 100000000) as t"

# The code of a query whose time is over, and of one that is cancelled.
TIMED_OUT = {"PostgreSQL": "57014", "HTTP": 504, "Flight": "DEADLINE_EXCEEDED"}
CANCELLED = {"PostgreSQL": "57014", "Flight": "CANCELLED"}


async def to_its_end(client, sql):
    """Asks, and reads all; raises what the server ends it with."""
    if isinstance(client, wire.Flight):
        await client.drain(await client.info(sql))
    else:
        await client.begin(sql)
        await client.rest()


async def time_of_end(house, name, sql):
    """Returns how long a query went on that never ends, and why it was wrong, if it was."""
    client = await door(house, name).open()
    start = time.perf_counter()
    wrong = f"{name} answered"
    try:
        await to_its_end(client, sql)
    except Refused as refused:
        wrong = "" if refused.code == TIMED_OUT[name] else f"{name}: {refused}"
    except Broken as error:
        # The status was told with the first rows: HTTP has no other way to say it.
        wrong = "" if sql == ENDLESS["rows"] else f"{name}: {error}"
    seconds = time.perf_counter() - start
    await client.vanish()
    return seconds, wrong


def show(report, what, seconds, limit):
    """Prints a row of figures, and requires the limit."""
    figures = [f"{1000 * percentile(seconds, share):.0f} ms" for share in (0.5, 0.99, 1)]
    text = "{} of {}: p50 {}, p99 {}, most {}".format(what, len(seconds), *figures)
    report.require(text, percentile(seconds, 0.99) <= limit, f"at most {1000 * limit:.0f} ms")


async def deadlines(report, house, count):
    """Queries that never end are ended in time."""
    kinds = [(kind, name) for kind in ENDLESS for name in DOORS]
    cases = (kinds * (-(-count // len(kinds))))[: max(count, len(kinds))]
    places, over, wrong = asyncio.Semaphore(AT_ONCE), {}, []

    async def one(kind, name):
        async with places:
            seconds, reason = await time_of_end(house, name, ENDLESS[kind])
        over.setdefault(kind, []).append((seconds - DEADLINE, name))
        wrong.extend([f"{kind}: {reason}"] if reason else [])

    await asyncio.gather(*(one(*case) for case in cases))
    for kind, ends in over.items():
        (low, _), (high, name) = min(ends), max(ends)
        text = f"{1000 * low:5.0f} to {1000 * high:5.0f} ms after the deadline, the last at {name}"
        report.say(f"  {kind:10} {len(ends):3} ended {text}")
    all_of_them = [seconds for ends in over.values() for seconds, _ in ends]
    show(report, "overshoot of deadlines", all_of_them, OVERSHOOT)
    report.require("each says that its time is over", not wrong, wrong[:3] or "yes")


async def next_answer(house, public):
    """Asks by another role, which waits for the place; returns the task of it once it waits."""
    other = await door(house, "PostgreSQL", public).open()

    async def ask():
        found = await other.ask("select 1 as a")
        moment = time.perf_counter()
        await other.vanish()
        assert found == ["1"], f"the next query answered {found}"
        return moment

    task = asyncio.create_task(ask())
    try:
        await until(
            lambda: house.gauge("carnac_queries_waiting") == 1, PATIENCE, "the next query waits"
        )
    except AssertionError:
        task.cancel()
        raise
    return task


async def idle_readers(report, house, public, count):
    """A reader that stops reading keeps its place up to the deadline, and never gets a short answer."""
    over, wrong = [], []
    for name in list(DOORS) * count:
        reader = await door(house, name).open()
        start = time.perf_counter()
        await reader.begin(LONG)
        moment = await (await next_answer(house, public))
        over.append(moment - start - DEADLINE)
        try:
            wrong.append(f"{name} gave {await reader.rest()} rows")
        except Broken:
            pass
        except Refused as refused:
            wrong += [] if refused.code == TIMED_OUT[name] else [f"{name}: {refused}"]
        await reader.vanish()
    show(report, "overshoot of idle readers", over, OVERSHOOT)
    report.require("no answer of theirs is short", not wrong, wrong[:3] or "yes")


async def hold(house, client, sql):
    """Takes the one place with a query; returns a task that ends as it ends."""
    if sql == ENDLESS["rows"]:
        await client.begin(sql)
        return None
    before = house.process.cpu()
    if isinstance(client, wire.Flight):
        client.described = await client.info(sql)
        work = client.drain(client.described)
    else:
        work = to_its_end(client, sql)
    task = asyncio.create_task(work)
    await until(lambda: house.process.cpu() - before > MIDST, PATIENCE, "the query runs")
    return task


async def end_of(client, task):
    """Returns the code that a query which was cancelled ended in."""
    try:
        return f"{await (task if task is not None else client.rest())} rows"
    except Refused as refused:
        return refused.code


async def clear(house, client, task):
    """Lets nothing of a query remain."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await client.vanish()
    await until(
        lambda: house.gauge("carnac_queries_running") == 0, PATIENCE, "all queries have ended"
    )


async def freed(house, public, name, leave, sql):
    """Returns how long a place stayed taken after its query was left, and what a cancel ended it in."""
    client = await door(house, name).open()
    task = None
    try:
        task = await hold(house, client, sql)
        following = await next_answer(house, public)
        start = time.perf_counter()
        await getattr(client, leave)()
        seconds = await following - start
        return seconds, await end_of(client, task) if leave == "cancel" else None
    finally:
        await clear(house, client, task)


WAYS = [
    ("PostgreSQL", "cancel"),
    ("Flight", "cancel"),
    ("PostgreSQL", "vanish"),
    ("HTTP", "vanish"),
    ("Flight", "vanish"),
]


async def cancels(report, house, public, count):
    """A cancel, or a client that is gone, frees the place."""
    for name, leave in WAYS:
        seconds, wrong, of_kind = [], [], {}
        for number in range(count):
            kind = list(ENDLESS)[number % len(ENDLESS)]
            took, ended = await freed(house, public, name, leave, ENDLESS[kind])
            if leave == "cancel" and ended != CANCELLED[name]:
                wrong.append(f"{kind} ended in {ended}")
            seconds.append(took)
            of_kind[kind] = max(took, of_kind.get(kind, 0))
        most = ", ".join(f"{kind} {1000 * took:.0f}" for kind, took in of_kind.items())
        report.say(f"  {name} {leave}, most ms: {most}")
        show(report, f"{name} {leave} to a free place", seconds, FREED)
        if leave == "cancel":
            report.require(f"{name} says that it is cancelled", not wrong, wrong[:3] or "yes")


async def held(house, name):
    """Returns how much more memory the server has while a reader has stopped after one row, in MiB."""
    warm = await door(house, name).open()
    await warm.begin(LONG.replace("100000000", "100000"))
    assert await warm.rest() == 100_000, "the small answer is short"
    await warm.vanish()
    before = house.process.rss()
    reader = await door(house, name).open()
    await reader.begin(LONG)
    house.process.forget_peak()
    # Nothing tells when a server has filled what it fills.
    await asyncio.sleep(LOOK)
    grown = house.process.peak() - before
    await reader.vanish()
    return grown


def measure(report, lake, count):
    """Runs all, each on a server of its own."""
    public = token(lake, "public")
    with served(lake, "--query-seconds", DEADLINE, "--queries", 2 * AT_ONCE) as house:
        asyncio.run(deadlines(report, house, count))
    with served(lake, "--query-seconds", DEADLINE, "--queries", 1) as house:
        asyncio.run(idle_readers(report, house, public, -(-count // 10)))
    with served(lake, "--query-seconds", STUCK, "--queries", 1) as house:
        asyncio.run(cancels(report, house, public, count))
    for name in DOORS:
        with served(lake) as house:
            grown = asyncio.run(held(house, name))
        text = f"{name}: a reader of one row of 10^8 holds less than {HELD_MIB} MiB"
        report.require(text, grown < HELD_MIB, f"{grown:.1f} MiB")


def main():
    """Measures the binary named on the command line."""
    binary, count = arguments(__doc__, 40)
    report = Report("ends", binary, of_each=int(count))
    with landed(binary) as lake:
        measure(report, lake, int(count))
    report.end()


if __name__ == "__main__":
    main()
