"""What pgbench gets, by each of its protocols: scripts whose statements are wrong if a value is."""

import re
import shutil
import subprocess
import tempfile
import urllib.parse
from functools import partial
from pathlib import Path

from flight_sql import is_equal
from lake import ENVIRONMENT
from typed import BUYER, USER, WRONG_TOKEN

PROTOCOLS = ("simple", "extended", "prepared")
CLIENTS, EACH = 4, 5

# `nothing` is no column, so that a wrong value ends the client. In its place stands the right number.
SCRIPT = r"""\set upto random(1, 1000)
\set half :upto * (:upto + 1) / 2
select count(*) as n, sum(value) as total from generate_series(1, 1000) as t where value <= :upto \gset
\if :n <> :upto or :total <> :half
select nothing;
\endif
select count(*) as contracts from core.contracts where buyer_siren = '{buyer}' and duration_months >= :months \gset
\if :contracts <> {contracts}
select nothing;
\endif
"""
MONTHS = 12


def missing():
    """Why pgbench cannot be run, or None."""
    return None if shutil.which("pgbench") else "there is no program pgbench"


def version():
    """The version that pgbench says."""
    return subprocess.run(["pgbench", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]


def run(place, script, protocol, token=None, flags=()):
    """Runs a script by some clients; returns what the program ended with and said."""
    url = urllib.parse.urlsplit(place.postgres)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        where = ["-h", url.hostname, "-p", str(url.port), "-U", USER]
        how = ["-n", "-M", protocol, "-c", str(CLIENTS), "-t", str(EACH), "-D", f"months={MONTHS}"]
        return subprocess.run(
            ["pgbench", *how, *where, "-f", Path(file.name), *flags, "carnac"],
            env={**ENVIRONMENT, "PGPASSWORD": token or place.token},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def script(place, more=0):
    """The script, with the number that it must find; or with one that it must not."""
    sql = f"select count(*) from core.contracts where buyer_siren = '{BUYER}' and duration_months >= {MONTHS}"
    right = place.lake.value(sql)
    assert right > 0, "the script counts nothing"
    return SCRIPT.format(buyer=BUYER, contracts=right + more)


def values_agree(protocol, flags, place):
    """All transactions of all clients end well, so all values were right."""
    done = run(place, script(place), protocol, flags=flags)
    assert done.returncode == 0, done.stderr
    processed = re.search(r"actually processed: (\d+)/(\d+)", done.stdout)
    is_equal(processed and processed.groups(), (str(CLIENTS * EACH),) * 2)
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    is_equal(failed and failed[1], "0")


def wrong_value_is_told(protocol, place):
    """A number that is not the right one ends every client, so that the script does compare."""
    done = run(place, script(place, more=1), protocol)
    is_equal(done.returncode, 2)
    assert "nothing" in done.stderr, done.stderr
    assert f"processed: 0/{CLIENTS * EACH}" in done.stdout, done.stdout


def error_leaves_the_server(protocol, place):
    """Transactions after a refused one are answered to those who come next."""
    done = run(place, "select nothing from core.acts;\n", protocol)
    is_equal(done.returncode, 2)
    values_agree(protocol, (), place)


def token_is_refused(place):
    """A token of no lake is refused."""
    done = run(place, "select 1 as a;\n", "simple", WRONG_TOKEN)
    is_equal(done.returncode, 1)
    assert "token" in done.stderr, done.stderr


def checks():
    """Returns (name, check) for all of this file."""
    yield "token_is_refused", token_is_refused
    for protocol in PROTOCOLS:
        yield f"values_agree {protocol}", partial(values_agree, protocol, ())
        yield f"wrong_value_is_told {protocol}", partial(wrong_value_is_told, protocol)
        yield f"error_leaves_the_server {protocol}", partial(error_leaves_the_server, protocol)
    yield "values_agree of new connections", partial(values_agree, "simple", ("-C",))
