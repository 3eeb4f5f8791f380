"""Bad logins: all are refused with the right code, and who has a token of its own hardly notices.

    logins.py BINARY [COUNT]        of bad logins, 10,000 unless told otherwise

Made-up tokens, wrong secrets of tokens that exist (that of the good client among them), texts that
are no token, and none where one is wanted, 16 at a time at all three doors, each with a login of its
own. A good client asks a dashboard point in a loop, at each door in turn: its p99 during the attack
is at most 5 times that before, or 250 ms. The server grows by less than 64 MiB.
"""

import asyncio
import random
import time
from collections import Counter

import wire
from machine import SEED, Report, arguments, percentile
from mix import Client, FlightPool, in_order, point
from place import landed, served, token
from wire import DOORS, Refused, door

AT_ONCE = 16
TOKENS = 4
# How long the good client asks before the attack, in seconds.
CALM = 10
# What the good client asks before, so that the server has in memory what it keeps.
WARM = 15
FOLD = 5
LATE = 0.25
GROWN_MIB = 64
CODES = {"PostgreSQL": "28P01", "HTTP": 401, "Flight": "UNAUTHENTICATED"}
ASKED = point("A08", "213502388")
MALFORMED = (
    "x",
    "carnac_",
    "carnac__",
    "Carnac_" + "0" * 12 + "_" + "0" * 64,
    "carnac_" + "g" * 12 + "_" + "0" * 64,
    "carnac_" + "../" * 4 + "_" + "0" * 64,
    "carnac_" + "0" * 12 + "_" + "0" * 63,
    "carnac_" + "0" * 4000,
    "a.b.c",
    "eyJhbGciOiJub25lIn0.eyJjYXJuYWNfcm9sZSI6ImFuYWx5c3QifQ.",
    "' or '1'='1",
    "null",
)


def digits(draws, count):
    """Draws so many hexadecimal digits."""
    return "".join(draws.choices("0123456789abcdef", k=count))


def bad(draws, known):
    """Draws a kind of bad token, and one of it."""
    kind = draws.choice(("made-up", "wrong secret", "malformed", "empty"))
    if kind == "made-up":
        return kind, f"carnac_{digits(draws, 12)}_{digits(draws, 64)}"
    if kind == "wrong secret":
        return kind, f"{draws.choice(known)[:19]}_{digits(draws, 64)}"
    return kind, draws.choice(MALFORMED) if kind == "malformed" else ""


async def login(house, name, text):
    """Logs in on a connection of its own and asks; returns the code of the refusal."""
    client = door(house, name, text)
    try:
        await client.open()
        if isinstance(client, wire.Flight):
            await client.info("select 1 as a")
        else:
            await client.ask("select 1 as a")
    except Refused as refused:
        return refused.code
    finally:
        await client.vanish()
    return "answered"


class Attack:
    """Bad logins, so many at a time, and what they were answered."""

    def __init__(self, house, known, count):
        self.house, self.known, self.left = house, known, count
        self.draws, self.refused, self.wrong = random.Random(SEED), Counter(), Counter()

    async def one_by_one(self):
        """Logs in until all logins are done."""
        while self.left > 0:
            self.left -= 1
            kind, text = bad(self.draws, self.known)
            name = self.draws.choice(list(DOORS))
            try:
                code = await login(self.house, name, text)
            except (OSError, EOFError) as error:
                code = repr(error)
            if code == CODES[name]:
                self.refused[kind, name] += 1
            else:
                self.wrong[f"{kind} at {name}: {code}"] += 1

    async def run(self):
        """Runs all logins."""
        await asyncio.gather(*(self.one_by_one() for _ in range(AT_ONCE)))


async def ask(client, is_over):
    """Asks a point in a loop, at each door in turn, until it is over; returns the seconds of each."""
    seconds = []
    while not is_over() or len(seconds) < len(DOORS):
        name = list(DOORS)[len(seconds) % len(DOORS)]
        seconds.append(await client.ask(ASKED, name))
    return seconds


def table(report, attack, took):
    """Prints what was refused, by kind and door."""
    widths = (14, 12, 8, 8)
    report.row(widths, "refused", *DOORS)
    for kind in sorted({kind for kind, _ in attack.refused}):
        report.row(widths, kind, *(attack.refused[kind, name] for name in DOORS))
    count = sum(attack.refused.values())
    report.say(f"{count} refused in {took:.1f} s, {count / took:.0f} a second")


async def measure(report, house, known, expected, count):
    """Asks in calm, then under attack."""
    pool = FlightPool(house.flight, known[0])
    client = await Client(house, pool, expected, random.Random(SEED), known[0]).open()
    for _ in range(WARM // len(DOORS)):
        await ask(client, lambda: True)
    end = time.perf_counter() + CALM
    calm = await ask(client, lambda: time.perf_counter() >= end)
    before = house.process.rss()
    house.process.forget_peak()
    attack, start = Attack(house, known, count), time.perf_counter()
    task = asyncio.create_task(attack.run())
    during = await ask(client, task.done)
    await task
    table(report, attack, time.perf_counter() - start)
    wrong = "; ".join(f"{many} times {text}" for text, many in attack.wrong.most_common(3))
    report.require("all are refused with the right code", not attack.wrong, wrong or "yes")
    judge(report, calm, during)
    grown, peak = house.process.rss() - before, house.process.peak() - before
    text = f"{grown:.1f} MiB, {peak:.1f} at most on the way"
    report.require(f"the server grows by less than {GROWN_MIB} MiB", grown < GROWN_MIB, text)
    await client.close()
    pool.threads.shutdown()


def judge(report, calm, during):
    """Compares the good client's times under attack with those before."""
    for name, seconds in (("before", calm), ("during", during)):
        figures = [f"p{100 * share:.0f} {1000 * percentile(seconds, share):.0f} ms" for share in (0.5, 0.99)]
        report.say(f"good client {name}: {len(seconds)} points, {', '.join(figures)}")
    late = percentile(during, 0.99)
    ratio = late / percentile(calm, 0.99)
    is_met = ratio <= FOLD or late <= LATE
    text = f"{ratio:.2f} times, {1000 * late:.0f} ms"
    report.require(f"its p99 is at most {FOLD} times that before, or {LATE} s", is_met, text)


def main():
    """Measures the binary named on the command line."""
    binary, count = arguments(__doc__, 10_000)
    report = Report("logins", binary, logins=int(count))
    with landed(binary) as lake, served(lake) as house:
        known = [token(lake, "analyst") for _ in range(TOKENS)]
        rows = [tuple(row.values()) for row in lake.query(ASKED.literal).to_pylist()]
        asyncio.run(measure(report, house, known, {ASKED: [in_order(rows)]}, int(count)))
    report.end()


if __name__ == "__main__":
    main()
