"""Memory under hostile SQL: the server lives, says why it refuses, and keeps near its limit.

    memory.py BINARY [PERCENT]      of the rows of each statement, 100 unless told otherwise

Each statement goes to a server of its own, over the three doors in turn. It is refused with the code
for it, or answered with the right value. The most memory that the server had resident, what it had at
rest among it, is at most 1.5 times the limit of `--memory-mib`, the default; under half of that, which
a server at rest has half of, 1.5 times the limit and what it had. And it answers afterwards.
"""

import asyncio
import time
from dataclasses import dataclass

from machine import Report, arguments
from place import landed, served
from wire import DOORS, Refused, door

# The limits, in MiB, and whether what the server has at rest comes on top of them.
LIMITS = ((512, False), (256, True))
RATIO = 1.5
# Seconds that a statement may go on: one that goes on longer has not been bounded by memory.
SECONDS = 300
WIDTHS = (31, 10, 10, 8, 9)

# As many values as there are numbers, in no order: of a sorted column an engine groups without memory.
MIXED = "value * 7919 % 2147483647"

# Codes by door: of what is too large as a text, not allowed, and too large for the memory.
INVALID = {"PostgreSQL": "42601", "HTTP": 400, "Flight": "INVALID_ARGUMENT"}
DENIED = {"PostgreSQL": "42501", "HTTP": 403, "Flight": "PERMISSION_DENIED"}
LONGER_THAN_A_MESSAGE = {"PostgreSQL": "08P01", "HTTP": 413, "Flight": "INVALID_ARGUMENT"}
EXHAUSTED = {"PostgreSQL": "53200", "HTTP": 413, "Flight": "RESOURCE_EXHAUSTED"}


@dataclass(frozen=True)
class Hostile:
    """A statement; its refusal, if it may be refused; its value, if it may be answered."""

    sql: str
    codes: dict | None = None
    value: int | None = None

    def is_right(self, door_name, ended):
        """Whether it may end so over that door."""
        if ended == self.value:
            return True
        return self.codes is not None and ended == self.codes[door_name]


def chain(of, sign):
    """Returns a statement of 3000 terms."""
    return Hostile("select " + sign.join([of] * 3000), INVALID)


def series(rows):
    """Returns a table of so many numbers."""
    return f"generate_series(1, {rows}) as t"


def texts():
    """Returns the statements that are too large as such, by name."""
    ctes = ["c0 as (select 1 as a)", *(f"c{n} as (select * from c{n - 1})" for n in range(1, 1000))]
    many = Hostile(f"select 1 as a where 1 in ({','.join(['7'] * 200_000)})", INVALID)
    numbers = ",".join(map(str, range(200_000)))
    return {
        "3000 terms of and": chain("1=1", " and "),
        "3000 terms of or": chain("1=2", " or "),
        "3000 terms of +": chain("1", "+"),
        "3000 terms of ||": chain("'a'", "||"),
        "3000 parentheses": Hostile(f"select {'(' * 3000}1{')' * 3000}", INVALID),
        "3000 times not": Hostile(f"select {'not ' * 3000}true", INVALID),
        "chain of 1000 CTEs": Hostile(f"with {', '.join(ctes)} select * from c999", INVALID),
        "recursive CTE": Hostile(
            "with recursive n as (select 1 as k union all select k from n) select count(*) from n",
            DENIED,
        ),
        "200,000 elements of IN": many,
        "over a MiB of IN": Hostile(f"select 1 as a where 1 in ({numbers})", LONGER_THAN_A_MESSAGE),
        "UNION of 3000": chain("1", " union all select "),
    }


def values():
    """Returns the statements of which one value is too large, by name."""
    return {
        "repeat": Hostile("select length(repeat('x', 2000000000)) as n", EXHAUSTED),
        "lpad": Hostile("select length(lpad('x', 2000000000, 'y')) as n", EXHAUSTED),
        "list of generate_series": Hostile(
            "select cardinality(generate_series(1, 100000000)) as n", EXHAUSTED
        ),
    }


def long_texts(percent):
    """Returns the statements that write a long text for each row, by name."""
    rows, long = int(1_000 * percent), "x" * 200_000
    texts = ", ".join(["length(upper(a))"] * 100)
    return {
        "long text before 100k numbers": Hostile(
            f"select max(length('{long}' || cast(value as varchar))) as n from {series(rows)}",
            None,
            len(long) + len(str(rows)),
        ),
        "text of 60 MB, twice": Hostile(
            "select length(a || a) as n from (select repeat('x', 60000000) as a) as t", EXHAUSTED
        ),
        "text of 60 MB, by 100 functions": Hostile(
            f"select greatest({texts}) as n from (select repeat('x', 60000000) as a) as t",
            EXHAUSTED,
            60_000_000,
        ),
    }


def tables(percent):
    """Returns the statements of many rows, by name: what is refused in one engine spills in another."""
    ten, twenty, thirty = (int(million * 10_000 * percent) for million in (10, 20, 30))
    groups = int(1_600 * percent)
    pairs = f"generate_series(1, {ten}) as a join generate_series(1, {ten}) as b"

    def either(sql, value):
        return Hostile(sql, EXHAUSTED, value)

    return {
        "sort of 30M": either(
            f"select value from {series(thirty)} order by value desc offset {thirty - 1}", 1
        ),
        "array_agg of 30M": either(
            f"select cardinality(array_agg(value)) as n from {series(thirty)}", thirty
        ),
        "string_agg of 30M": either(
            f"select length(string_agg('x', ',')) as n from {series(thirty)}", 2 * thirty - 1
        ),
        "median of 30M": either(
            f"select cast(median(value) as bigint) as n from {series(thirty)}", thirty // 2
        ),
        "group by of 20M": either(
            f"select count(*) as n from (select {MIXED} as k, count(*) from {series(twenty)} group by 1)",
            twenty,
        ),
        "count distinct of 30M": either(
            f"select count(distinct {MIXED}) as n from {series(thirty)}", thirty
        ),
        "count distinct in 160k groups": either(
            "select count(most) as n from (select value % {0} as k, count(*) as rows, "
            "count(distinct cast(value as varchar)) as most from {1} group by 1) as g "
            "where rows > 0".format(groups, series(2 * groups)),
            groups,
        ),
        "percentile in 160k groups": either(
            "select count(most) as n from (select value % {0} as k, approx_percentile_cont(0.5) "
            "within group (order by value) as most from {1} group by 1) as g".format(
                groups, series(10 * groups)
            ),
            groups,
        ),
        "window of 20M": either(
            "select max(n) as n from (select row_number() over (order by value desc) as n "
            f"from {series(twenty)}) as w",
            twenty,
        ),
        "join of 10M with 10M": either(
            f"select count(*) as n from {pairs} on a.value = b.value", ten
        ),
    }


async def end(house, name, sql):
    """Returns what a statement ends in: its one value, or the code of its refusal."""
    client = await door(house, name).open()
    try:
        [value] = await client.ask(sql)
        return int(value)
    except Refused as refused:
        return refused.code
    finally:
        await client.vanish()


async def run(house, hostile):
    """Sends a statement over all doors; returns what was wrong, and how it ended."""
    wrong, ends = [], []
    for name in DOORS:
        try:
            ended = await end(house, name, hostile.sql)
        except (OSError, EOFError) as error:
            ended = repr(error)
        ends.append(ended)
        if not hostile.is_right(name, ended):
            wrong.append(f"{name}: {ended}")
        again = await end(house, name, "select 42 as a")
        if again != 42:
            wrong.append(f"{name} afterwards: {again}")
    return wrong, ends


def of_one(lake, limit, hostile):
    """Runs one statement on a server of its own; returns what was wrong, its ends and its memory."""
    flags = ("--memory-mib", limit, "--query-seconds", SECONDS)
    with served(lake, *flags) as house:
        # The first query makes what the server keeps.
        asyncio.run(run(house, Hostile("select count(*) as n from core.memberships", None, 20)))
        base = house.process.rss()
        house.process.forget_peak()
        wrong, ends = asyncio.run(run(house, hostile))
        return wrong, ends, base, house.process.peak()


def measure(report, lake, percent, limit, with_rest):
    """Runs all statements under a limit, and judges them."""
    of = f"{limit} MiB and what is at rest" if with_rest else f"{limit} MiB"
    report.say(f"of {of}")
    report.row(WIDTHS, "statement", "rest MiB", "peak MiB", "ratio", "seconds")
    faults, ratios = [], {}
    for name, hostile in {**texts(), **values(), **long_texts(percent), **tables(percent)}.items():
        start = time.perf_counter()
        try:
            wrong, ends, base, peak = of_one(lake, limit, hostile)
        except (OSError, EOFError, AssertionError) as error:
            faults.append(f"{name}: {type(error).__name__} {error}")
            report.say(f"  {name}: {faults[-1]}")
            continue
        ratios[name] = peak / (limit + base if with_rest else limit)
        faults += [f"{name}: {text}" for text in wrong]
        seconds = time.perf_counter() - start
        told = ", ".join(map(str, ends))
        report.row(
            (*WIDTHS, 2), name, base, peak, f"{ratios[name]:.2f}", seconds, f"  {told}"
        )
    report.require("each ends as it should, and the server lives", not faults, faults or "yes")
    most = max(ratios, key=ratios.get, default="none")
    highest = ratios.get(most, 0.0)
    text = f"{highest:.2f}, of {most}"
    report.require(f"memory is at most {RATIO} times {of}", highest <= RATIO, text)


def main():
    """Measures the binary named on the command line."""
    binary, percent = arguments(__doc__, 100)
    report = Report("memory", binary, rows=f"{percent:.0f} %")
    with landed(binary) as lake:
        for limit, with_rest in LIMITS:
            measure(report, lake, percent, limit, with_rest)
    report.end()


if __name__ == "__main__":
    main()
