"""Checks a carnac binary with the clients that tests/clients/check.py leaves out.

Run it as `run.sh BINARY`, which installs what registries have; of Debian it wants
libpostgresql-jdbc-java, a Java 17, odbc-postgresql, unixodbc, nodejs with npm, and postgresql-contrib
(pgbench). What is not installed is not run, said so, and never counted as passed.

Checked here: ADBC for PostgreSQL, SQLAlchemy by flightsql-dbapi, `pg` and `postgres` of Node.js, the
PostgreSQL drivers of Java (JDBC) and of ODBC, pgbench, and dbt. A run ends with a line for each of them.

Not checked anywhere: the Flight SQL drivers of JDBC and ODBC, which are in no registry that installs
them; Power BI, DBeaver and the other programs with windows that stand on these drivers.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import adbc_postgres
import alchemy
import bench_postgres
import dbt_postgres
import jdbc
import matrix
import node
import odbc
from check import Report, ends_well
from lake import Lake, make


@dataclass(frozen=True)
class Place:
    """A lake that is served: its addresses, and a token of an analyst."""

    lake: Lake
    flight: str
    postgres: str
    token: str


@dataclass(frozen=True)
class Client:
    """A client: its name, why it cannot be run, its version, and its checks."""

    name: str
    missing: object
    version: object
    checks: object


def is_installed():
    """What the requirements of the runner name is always there."""


def clients(place):
    """All clients, in the order in which they are checked."""
    always = [("adbc-driver-postgresql", adbc_postgres), ("flightsql-dbapi", alchemy)]
    found = [("pgbench", bench_postgres), ("dbt", dbt_postgres)]
    yield from (Client(name, is_installed, of.version, of.checks) for name, of in always)
    for package in ("pg", "postgres"):
        of = [partial(call, package) for call in (node.missing, node.version, node.checks)]
        yield Client(f"node {package}", *of)
    yield Client("JDBC", jdbc.missing, jdbc.version, jdbc.checks)
    yield Client("ODBC", odbc.missing, partial(odbc.version, place), odbc.checks)
    yield from (Client(name, of.missing, of.version, of.checks) for name, of in found)


def lines(place):
    """The lines of the table: a client has one, dbt one for each of the commands that are checked."""
    for client in clients(place):
        parts = dbt_postgres.COMMANDS if client.name == "dbt" else {"": ""}
        for part, checks in parts.items():
            asks = re.compile(f"^{client.name} {checks}")
            yield matrix.Line(f"{client.name} {part}".strip(), client.version, asks, client.missing)


def check_clients(report, place, chosen):
    """Runs the checks of every client that is installed; returns how many are not."""
    not_run = 0
    for client in clients(place):
        if chosen and client.name not in chosen:
            continue
        reason = client.missing()
        if reason:
            not_run += 1
            print(f"not run {client.name}: {reason}", flush=True)
            continue
        print(f"version {client.name}: {client.version()}", flush=True)
        for name, check in client.checks():
            report.run(f"{client.name} {name}", check, place)
    return not_run


def check_all(report, binary, root, chosen):
    """Checks every client on a lake that is served; returns how many are not installed, and the lines."""
    lake = Lake(binary, root)
    if report.run("samples are landed", make, lake) is None:
        return 0, []
    token = lake.run("token", "create", "analyst", "--label", "others").decode().strip()
    started = report.run("server starts", Lake.start_both, lake)
    if started is None:
        return 0, []
    server, addresses = started
    try:
        place = Place(lake, *addresses, token)
        return check_clients(report, place, chosen), list(lines(place))
    finally:
        report.run("server stops", ends_well, server)


def main():
    """Checks the binary named on the command line, with all clients or those named after it."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="carnac-others-") as folder:
        binary, root = Path(sys.argv[1]).resolve(), Path(folder) / "lake"
        not_run, told = check_all(report, binary, root, sys.argv[2:])
    print(matrix.table(told, report.results))
    print(f"others: {report.passed} passed, {report.failed} failed, {not_run} not run")
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
