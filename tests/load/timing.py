"""Timing: how long an answer takes does not tell what it withholds.

    timing.py BINARY [SECONDS]      in all, 540 unless told otherwise

As dudect does it. An authority asks after values of another one, of which it sees nothing: by a right
guess or by a wrong one, in a random order. A guess that met a row would compute for a while on it. The
times of both are compared by Welch's t, of all of them and of those below some percentiles of both
together: no |t| may reach 4.5. Of those that compute, the same two statements of who sees the
rows must reach it: else the test sees nothing. Each pair is asked until its share of the time is over,
10,000 times of each at most and 100 at least.

Both classes are of one server and one lake: two servers differ in how they lie in memory, which so many
samples would tell.
"""

import asyncio
import math
import random
import statistics
import time
from dataclasses import dataclass

from machine import SEED, Report, arguments, percentile
from place import landed, served, token
from wire import door

LIMIT = 4.5
MOST = 10_000
LEAST = 100
# Pairs that are asked by both before any is measured.
WARM = 20
# Seconds in which the test is shown to see something.
CONTROL = 10
# Shares of the times, the least first, that are compared.
CROPS = (0.5, 0.75, 0.9, 0.95, 1.0)
OWN = "213502388"
# What is computed on a row that a guess meets: so many times a text of it.
LONG = "length(repeat({}, {})) > 0"
WIDTHS = (30, 9, 9, 9, 9, 9)


@dataclass(frozen=True)
class Pair:
    """A name, and the statements of a right guess and of a wrong one, of one length."""

    name: str
    right: str
    wrong: str


def pair(name, form, right, wrong):
    """Fills a form with a right guess and a wrong one."""
    assert len(str(right)) == len(str(wrong)), f"{name}: the guesses differ in length"
    return Pair(name, form.replace("{guess}", str(right)), form.replace("{guess}", str(wrong)))


def other_than(found, right):
    """Returns a number of as many digits that is not among those found."""
    low = 10 ** (len(str(right)) - 1)
    return next(number for number in range(low, 10 * low) if number not in found)


def guesses(lake):
    """Returns the pairs for a lake of the samples."""
    [(other, *_)] = rows(lake, f"select min(siren) from core.acts where siren <> '{OWN}'")
    [(absent, *_)] = rows(
        lake,
        "select min(siren) from core.authority_years where siren not in (select siren from core.acts) "
        "and siren not in (select siren from core.reported)",
    )
    reported = {value for value, in rows(lake, "select distinct value from core.reported")} - {None}
    own = {value for value, in rows(lake, f"select value from core.reported where siren = '{OWN}'")}
    value = max(reported - own)
    figures = f"from indicator.act_transmission_rate where siren <> '{OWN}' and numerator > 9"
    counts = {count for count, in rows(lake, f"select numerator {figures}")}
    mine = "from indicator.act_transmission_rate where siren = '{}'".format(OWN)
    count = max(counts - {count for count, in rows(lake, f"select numerator {mine}")})
    case = "select count(*) from {} where case when {} then {} else false end"
    return [
        pair(
            "an authority in core.acts",
            case.format("core.acts", "siren = '{guess}'", LONG.format("act_id", 20_000)),
            other,
            absent,
        ),
        pair(
            "a value of core.reported",
            case.format("core.reported", "value = {guess}", LONG.format("siren", 40_000)),
            value,
            other_than(reported, value),
        ),
        pair(
            "a figure of A08",
            "select count(*) from indicator.act_transmission_rate where numerator = {guess}",
            count,
            other_than(counts, count),
        ),
        pair(
            "a plain condition",
            "select count(*) from core.reported where value = {guess}",
            value,
            other_than(reported, value),
        ),
    ]


def rows(lake, sql):
    """Returns the rows of an answer of the command line, as an operator has it."""
    return [tuple(row.values()) for row in lake.query(sql).to_pylist()]


def welch(a, b):
    """Returns Welch's t of two samples."""
    spread = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(spread) if spread > 0 else 0.0


def worst(right, wrong):
    """Returns the t that is farthest from 0 of all crops."""
    found = []
    for share in CROPS:
        most = percentile(right + wrong, share)
        a, b = ([seconds for seconds in of if seconds <= most] for of in (right, wrong))
        if min(len(a), len(b)) > 1:
            found.append(welch(a, b))
    return max(found, key=abs)


async def ask(client, sql):
    """Asks, and returns the seconds that it took."""
    start = time.perf_counter()
    await client.ask(sql)
    return time.perf_counter() - start


async def sample(client, draws, asked, until):
    """Asks both guesses in a random order until a moment; returns their seconds."""
    right, wrong = [], []
    for _ in range(WARM):
        await ask(client, asked.right)
        await ask(client, asked.wrong)
    while len(right) < MOST and (len(right) < LEAST or time.perf_counter() < until):
        both = [(asked.right, right), (asked.wrong, wrong)]
        draws.shuffle(both)
        for sql, seconds in both:
            seconds.append(await ask(client, sql))
    return right, wrong


def told(report, name, right, wrong):
    """Prints what was measured of a pair; returns its t."""
    t = worst(right, wrong)
    middles = (1000 * statistics.median(of) for of in (right, wrong))
    figures = (f"{middle:.3f}" for middle in middles)
    report.row(WIDTHS, name, len(right), len(wrong), *figures, f"{t:.2f}")
    return t


async def measure(report, house, tokens, pairs, seconds):
    """Measures all pairs: as one who sees the rows, shortly, and as one who does not."""
    draws = random.Random(SEED)
    operator = await door(house, "PostgreSQL", tokens["operator"]).open()
    client = await door(house, "PostgreSQL", tokens[f"authority:{OWN}"]).open()
    report.row(WIDTHS, "guess", "right", "wrong", "ms", "ms", "t")
    for place, asked in enumerate(pairs):
        left = len(pairs) - place
        if "repeat" in asked.right:
            times = await sample(operator, draws, asked, time.perf_counter() + CONTROL)
            t = told(report, f"  {asked.name}, seen", *times)
            report.require("who sees the rows tells them by the time", abs(t) >= LIMIT, f"{t:.2f}")
        until = time.perf_counter() + seconds / left
        start = time.perf_counter()
        t = told(report, asked.name, *await sample(client, draws, asked, until))
        report.require(f"|t| is below {LIMIT}", abs(t) < LIMIT, f"{t:.2f}")
        seconds = max(0, seconds - (time.perf_counter() - start))
    await operator.vanish()
    await client.vanish()


def main():
    """Measures the binary named on the command line."""
    binary, seconds = arguments(__doc__, 540)
    report = Report("timing", binary, seconds=f"{seconds:.0f}")
    # What is kept is not computed: its time tells nothing.
    with landed(binary) as lake, served(lake, "--cache-mib", 0) as house:
        tokens = {role: token(lake, role) for role in ("operator", f"authority:{OWN}")}
        pairs = guesses(lake)
        asyncio.run(measure(report, house, tokens, pairs, seconds))
    report.end()


if __name__ == "__main__":
    main()
