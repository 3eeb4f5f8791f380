"""Clients of other languages: a program asks for everything and prints a line for each thing."""

import functools
import json
import os
import subprocess
import urllib.parse
from functools import partial

from flight_sql import is_equal
from lake import all_views
from typed import (
    BIG,
    COUNT_WHERE,
    ECHO,
    ECHOED,
    ENDLESS,
    QUERIES,
    TABLES,
    WRONG_TOKEN,
    agree,
    big_sums,
    counted,
    expected,
    places,
    read_rows,
    rows_of,
)

# Seconds that a program may take for all its questions.
LIMIT = 180


def environment(token, style):
    """What a program finds in its environment: the tokens, and the queries with their places."""
    queries = {
        **QUERIES,
        "big": BIG,
        "endless": ENDLESS,
        "tables": TABLES,
        "count_where": places(COUNT_WHERE, style),
        "echo": places(ECHO, style),
    }
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LAKE_TOKEN": token,
        "WRONG_TOKEN": WRONG_TOKEN,
        "QUERIES": " ".join(QUERIES),
        **{f"QUERY_{name}": sql for name, sql in queries.items()},
    }


@functools.cache
def answers(command, address, token, style, extra=()):
    """Runs a program to its end, once; returns what it says by the names of its lines, or why not."""
    url = urllib.parse.urlsplit(address)
    try:
        done = subprocess.run(
            [*command, url.hostname, str(url.port)],
            env={**environment(token, style), **dict(extra)},
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the program did not end within {LIMIT} s"
    if done.returncode != 0:
        return f"the program ended with {done.returncode}: {done.stderr[-600:]}"
    lines = (line.split("\t", 1) for line in done.stdout.splitlines())
    return {name: json.loads(answer) for name, answer in lines}


class Program:
    """A program that is a client: how it is run, and what it is expected to say."""

    def __init__(self, command, style, extra=()):
        self.command, self.style, self.extra = tuple(map(str, command)), style, tuple(extra)

    def told(self, place, name):
        """What the program says under a name; an error that it met is one here."""
        said = answers(self.command, place.postgres, place.token, self.style, self.extra)
        assert isinstance(said, dict), said
        assert name in said, f"the program says nothing of {name}"
        answer = said[name]
        assert not isinstance(answer, dict), answer["error"]
        return answer

    def check(self, name, test, *arguments):
        """A check of what the program says under a name."""

        def run(place):
            test(place, self.told(place, name), *arguments)

        return run


def rows_agree(place, found, query, digits=None):
    """The rows are those of `carnac query`; a client may have fewer digits of a second."""
    table = expected(place.lake, QUERIES[query])
    agree(read_rows(found, table), [cut(row, digits) for row in rows_of(table)])


def cut(row, digits):
    """Cuts what a client's moments cannot hold."""
    if digits is None:
        return row
    step = 10 ** (6 - digits)
    return tuple(
        value.replace(microsecond=value.microsecond // step * step)
        if hasattr(value, "microsecond")
        else value
        for value in row
    )


def parameters_count(place, found):
    """Text, date and integer as parameters count what literals count."""
    is_equal(found, [[str(counted(place.lake))]])


def parameters_come_back(place, found):
    """A parameter of each kind comes back as it was sent."""
    sql = ECHO.format(*(f"'{str(value).replace(chr(39), chr(39) * 2)}'" for value in ECHOED))
    table = expected(place.lake, sql)
    agree(rows_of(table), [ECHOED])
    agree(read_rows(found, table), [ECHOED])


def nulls_come_back(_, found):
    """NULL stays NULL in the place of every kind."""
    is_equal(found, [[None] * len(ECHOED)])


def error_leaves_the_connection(_, found):
    """A wrong query has its SQLSTATE, and the next one is answered."""
    is_equal(found, ["42703", [["1"]]])


def is_stopped(_, found):
    """An endless query ends with the SQLSTATE of a cancelled one, and the next one is answered."""
    is_equal(found, ["57014", [["1"]]])


def token_is_refused(_, found):
    """A connection with a token of no lake is refused with its SQLSTATE."""
    is_equal(found, "28P01")


def tables_are_listed(_, found):
    """Every view is listed once, and nothing else."""
    is_equal(sorted(map(tuple, found)), all_views())


def big_answer_arrives(_, found, batch=None):
    """A big answer arrives by parts, none of its rows lost or doubled."""
    *sums, most = map(int, found)
    is_equal(tuple(sums), big_sums())
    assert batch is None or most == batch, f"{most} rows came at a time, want {batch}"


def pool_answers(_, found, calls):
    """Each caller of a pool has the answer to its own question."""
    is_equal(found, [str(number + 1) for number in range(calls)])


def kinds_are_native(_, found, kinds):
    """The columns have the types that the language has for them."""
    is_equal(found, kinds)


def shared_checks(program, kinds, calls, digits=None, mode=""):
    """Returns (name, check) of what every program is asked for."""
    for query in QUERIES:
        check = program.check(f"rows {query}{mode}", rows_agree, query, digits)
        yield f"rows_agree {query}{mode}", check
    told = [
        ("kinds", kinds_are_native, kinds),
        ("count", parameters_count),
        ("echo", parameters_come_back),
        ("nulls", nulls_come_back),
        ("error", error_leaves_the_connection),
        ("big", big_answer_arrives),
    ]
    for name, test, *arguments in told:
        yield f"{test.__name__}{mode}", program.check(f"{name}{mode}", test, *arguments)
    if mode in ("", " extended"):
        yield "token_is_refused", program.check("refused", token_is_refused)
        yield "pool_answers", program.check("pool", partial(pool_answers, calls=calls))
