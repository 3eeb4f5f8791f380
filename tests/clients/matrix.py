"""The table that a run ends with: a line a client, its version, and how many of its checks passed.

A check that asks several clients counts for each of them, so that the lines add up to more than there are
checks. The last line has those that ask none, such as the start of a server.
"""

import importlib.metadata
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial

HEAD = ("client", "version", "passed/total")


@dataclass(frozen=True)
class Line:
    """A client: its name, how its version is read, the checks that ask it, and why it cannot be run."""

    name: str
    version: object
    checks: re.Pattern
    missing: object = lambda: None

    def cells(self, results):
        """The cells of its line, from (name of a check, whether it passed)."""
        reason = self.missing()
        if reason:
            return self.name, "-", f"not run, {reason}"
        asked = [of for of in results if self.checks.search(of[0])]
        return (self.name, self.version(), counted(asked)) if asked else (self.name, "-", "not run")


def counted(results):
    """How many of some checks passed, of how many."""
    return f"{sum(passed for _, passed in results)}/{len(results)}"


def of_package(name, checks):
    """The line of a package of Python."""
    return Line(name, partial(importlib.metadata.version, name), re.compile(checks))


def of_program(name, checks):
    """The line of a program, which may not be installed."""
    missing = partial(why_missing, name)
    return Line(name, partial(version_of_program, name), re.compile(checks), missing)


def why_missing(program):
    """Why a program cannot be run, or None."""
    return None if shutil.which(program) else "it is not installed"


def version_of_program(program):
    """The version that a program of PostgreSQL says: `psql (PostgreSQL) 15.18 (Debian ...)`."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[2]


# The clients of check.py. A check is named by its module, itself, and often the door that it asks.
LINES = (
    of_package(
        "adbc-driver-flightsql",
        r"^(flight_sql|time_travel) |^doors (?!there_)|^refusals \S+ (is_refused|tells_no_value)$|"
        r"^encrypted adbc",
    ),
    Line(
        "pyarrow.flight",
        partial(importlib.metadata.version, "pyarrow"),
        re.compile(
            r"^(raw_flight|hostile) |^(statements|policy) .* over flight$|^refusals \S+ is_refused_|"
            r"^policy (lists_|a_handle_)|^encrypted pyarrow"
        ),
    ),
    of_package(
        "psycopg",
        r"^postgres (?!asyncpg|pg8000)|^doors (?!there_|wrong_)|^(statements|policy) .* over postgres$|"
        r"^statements \S+ changes_its_session_only$|^policy a_cursor_|^encrypted psycopg",
    ),
    of_package("asyncpg", r"^(postgres|encrypted) asyncpg"),
    of_package("pg8000", r"^(postgres|encrypted) pg8000|^doors wrong_"),
    of_program("psql", r"^psql |^encrypted psql$"),
    Line(
        "HTTP, by Python's own client",
        platform.python_version,
        re.compile(
            r"^doors (?!there_)|^(statements|policy) .* over http$|^policy (addresses_|.* is_told_more$)|"
            r"^encrypted http$"
        ),
    ),
    of_package("duckdb", r"^open_files (?!replaced_)"),
    of_package("polars", r"^open_files (counts|rows)_"),
    of_package("deltalake", r"^open_files (?!exports_)"),
)


def table(lines, results):
    """The table of these lines."""
    rest = [of for of in results if not any(line.checks.search(of[0]) for line in lines)]
    rows = [HEAD, *(line.cells(results) for line in lines), ("no client", "-", counted(rest))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )
