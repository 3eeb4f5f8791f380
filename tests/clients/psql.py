"""What psql shows: its commands of the catalogue, and rows; where there is none, the table of the run says so."""

import csv
import io
import shutil
import subprocess
from functools import partial

from doors import post
from flight_sql import is_equal
from lake import ENVIRONMENT

USER = "anonymous"

# Lists of what there is none of, each by a command.
RARE = "\n".join(
    rf"\d{letters}"
    for letters in "a Ac Af Ao Ap b c C d D dp eu ew es et F Fd Fp Ft l L m o O p P Rp Rs s x X y".split()
)

# A command, and words of its answer.
COMMANDS = {
    "tables": (r"\dt catalog.*", ["indicators", "functions"]),
    "views": (r"\dv indicator.act*", ["act_transmission_rate"]),
    "view": (r"\d core.acts", ["siren", "decision_date", "date"]),
    "money": (r"\d core.contracts", ["amount_eur", "numeric(18,2)"]),
    "all": (r"\d", ["core", "published"]),
    "schemas": (r"\dn", ["core", "indicator", "published"]),
    "databases": (r"\l", ["carnac"]),
    "roles": (r"\du", ["carnac"]),
    "functions": (r"\df", ["0 rows"]),
    "description": (r"\dt+ catalog.*", ["indicators"]),
    "table": (r"\d+ catalog.indicators", ["name", "text"]),
    "types": (r"\dT", ["List of data types"]),
    "rights": (r"\dp core.acts", ["acts", "view"]),
    "sizes": (r"\l+", ["carnac", "pg_default"]),
    "everything of functions": (r"\df+", ["0 rows"]),
    "indexes": (r"\di", ["Did not find any relations."]),
    "rare lists": (RARE, ["(0 rows)"]),
    "connection": (r"\conninfo", ["carnac"]),
    "rows": ("select 1 as a, 'é' as b", ["(1 row)", "é"]),
    "copy": (r"\copy (select 1, 'a') to stdout with csv", ["1,a"]),
    "cursor": (r"\set FETCH_COUNT 10" + "\nselect value from generate_series(1, 25) t", ["25"]),
}

# A view of text, numbers, money and days, and the ways in which psql gives its rows as CSV.
VIEW = "core.contracts"
AS_CSV = {
    "csv": f"\\pset format csv\nselect * from {VIEW};",
    "copy": rf"\copy (select * from {VIEW}) to stdout (format csv, header)",
}


def said_to(command, address, *flags):
    """Returns what psql says to a command, in which there is no error."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", *flags, f"{address}?user={USER}"],
        input=command + "\n",
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        # What it says of nothing is no row.
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "ERROR" not in done.stdout and done.returncode == 0, done.stdout
    return done.stdout


def shows(case, _, __, address):
    """A command answers what it should, and no error."""
    command, words = COMMANDS[case]
    said = said_to(command, address).replace("WARNING: psql major version 15, server major version 16.", "")
    for word in words:
        assert word in said, f"no {word} in {said!r}"


def lines_of(text):
    """Returns the names of the columns of a text in CSV, and its rows in order."""
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    return header, sorted(lines)


def rows_agree(way, _, flight, address):
    """The rows of a whole view as CSV are those that HTTP gives as CSV."""
    found = lines_of(said_to(AS_CSV[way], address, "--quiet"))
    names, rows = lines_of(post(flight, "csv", f"select * from {VIEW}", None).decode())
    assert rows, "the view is empty"
    is_equal(found[0], names)
    for row, wanted in zip(found[1], rows, strict=False):
        is_equal(row, wanted)
    is_equal(len(found[1]), len(rows))


def checks():
    """Returns (name, check) for all of this file, if psql is installed."""
    if shutil.which("psql"):
        for case in COMMANDS:
            yield f"{case} shows", partial(shows, case)
        for way in AS_CSV:
            yield f"rows_agree {way}", partial(rows_agree, way)
