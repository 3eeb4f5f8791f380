"""Checks a carnac binary with the clients that people use.

Run it as `python check.py BINARY`. Lands the samples in a temporary lake, serves it on a free
loopback port, and prints a line a check. Ends with status 1 when one failed.
"""

import sys
import tempfile
from pathlib import Path

import bucket
import doors
import encrypted
import flight_sql
import hostile
import open_files
import policy
import postgres
import psql
import raw_flight
import refusals
import statements
import time_travel
from lake import Lake, make, stop


class Report:
    """Runs checks, prints a line for each, and counts."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, name, check, *arguments):
        """Runs one check; returns what it returns, or None when it fails."""
        try:
            result = check(*arguments)
        except Exception as error:
            self.failed += 1
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAILED {name}: {reason[:400]}", flush=True)
            return None
        self.passed += 1
        print(f"ok {name}", flush=True)
        return result


def ends_well(server):
    """The server ends with status 0 at SIGTERM."""
    status = stop(server)
    assert status == 0, f"the server ended with {status}"


def check_served(report, lake, kind, start, modules):
    """Runs the checks that share one server, each on connections of its own."""
    started = report.run(f"server starts{kind}", start, lake)
    if started is None:
        return
    server, addresses = started
    try:
        for module in modules:
            for name, check in module.checks():
                report.run(f"{module.__name__} {name}", check, lake, *addresses)
    finally:
        report.run(f"server stops{kind}", ends_well, server)


def check_all(report, binary, root):
    """Makes the lake and runs every check on it."""
    lake = Lake(binary, root)
    if report.run("samples are landed", make, lake) is None:
        return
    for name, check in open_files.checks():
        report.run(f"open_files {name}", check, lake)
    plain = (flight_sql, raw_flight, refusals, time_travel)
    check_served(report, lake, "", Lake.start_flight, plain)
    check_served(report, lake, " with PostgreSQL", Lake.start_both, (postgres, psql, doors, statements))
    check_served(report, lake, " with TLS", encrypted.start, (encrypted,))
    for name, check in hostile.checks():
        report.run(f"hostile {name}", check, lake)
    with policy.opened(lake) as place:
        for name, check in policy.checks():
            report.run(f"policy {name}", check, place)
    with bucket.opened(lake) as place:
        for name, check in bucket.checks():
            report.run(f"bucket {name}", check, place)


def main():
    """Checks the binary named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="carnac-clients-") as folder:
        check_all(report, Path(sys.argv[1]).resolve(), Path(folder) / "lake")
    print(f"clients: {report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
