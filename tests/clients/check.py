"""Checks a carnac binary with the clients that people use.

Run it as `python check.py BINARY [PART...]`; the parts are named at PARTS. Lands the samples in a temporary
lake, serves copies of it on free loopback ports, and prints a line a check and a line a client. Ends with
status 1 when a check failed.

A check mostly waits for the one server that it asks, so two parts run beside each other, in processes
and on lakes of their own.
"""

import multiprocessing
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import bucket
import doors
import encrypted
import flight_sql
import hostile
import matrix
import open_files
import policy
import postgres
import psql
import raw_flight
import refusals
import statements
import time_travel
from lake import Lake, make, stop

BESIDE_EACH_OTHER = 2


class Report:
    """Runs checks, prints a line for each, and keeps what passed."""

    def __init__(self):
        # Of each check its name, and whether it passed.
        self.results = []

    @property
    def passed(self):
        """How many checks passed."""
        return sum(passed for _, passed in self.results)

    @property
    def failed(self):
        """How many checks failed."""
        return len(self.results) - self.passed

    def run(self, name, check, *arguments):
        """Runs one check; returns what it returns, or None when it fails."""
        try:
            result = check(*arguments)
        except Exception as error:
            self.results.append((name, False))
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAILED {name}: {reason[:400]}", flush=True)
            return None
        self.results.append((name, True))
        print(f"ok {name}", flush=True)
        return result

    def run_all(self, name, checks, *arguments):
        """Runs the checks of a module."""
        for check_name, check in checks:
            self.run(f"{name} {check_name}", check, *arguments)


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
            report.run_all(module.__name__, module.checks(), lake, *addresses)
    finally:
        report.run(f"server stops{kind}", ends_well, server)


def check_files(report, lake):
    """Runs the checks of the tables as files."""
    report.run_all("open_files", open_files.checks(), lake)


def check_flight(report, lake):
    """Runs the checks of Arrow Flight SQL."""
    modules = (flight_sql, raw_flight, refusals, time_travel)
    check_served(report, lake, "", Lake.start_flight, modules)


def check_postgres(report, lake):
    """Runs the checks of PostgreSQL, and of all doors."""
    modules = (postgres, psql, doors, statements)
    check_served(report, lake, " with PostgreSQL", Lake.start_both, modules)


def check_encrypted(report, lake):
    """Runs the checks of TLS."""
    check_served(report, lake, " with TLS", encrypted.start, (encrypted,))


def check_hostile(report, lake):
    """Runs the checks of hostile bytes."""
    report.run_all("hostile", hostile.checks(), lake)


def check_policy(report, lake):
    """Runs the checks of what authorities are told."""
    with policy.opened(lake) as place:
        report.run_all("policy", policy.checks(), place)


def check_bucket(report, lake):
    """Runs the checks of lakes in a bucket."""
    with bucket.opened(lake) as place:
        report.run_all("bucket", bucket.checks(), place)


# The longest first, so that the shorter ones fill up what is left.
PARTS = {
    "postgres": check_postgres,
    "policy": check_policy,
    "flight": check_flight,
    "bucket": check_bucket,
    "hostile": check_hostile,
    "files": check_files,
    "encrypted": check_encrypted,
}


def run_part(part, lake):
    """Runs a part on a copy of the lake; returns the outcomes of its checks."""
    report, began = Report(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="carnac-clients-") as folder:
        part(report, Lake(lake.binary, shutil.copytree(lake.root, Path(folder) / "lake")))
    print(f"   {part.__name__}: {time.monotonic() - began:.0f} s", flush=True)
    return report.results


def check_all(report, binary, root, names):
    """Makes the lake and runs the parts of these names on it."""
    lake = Lake(binary, root)
    if report.run("samples are landed", make, lake) is None:
        return
    # A fork would share what grpc has running.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(BESIDE_EACH_OTHER, mp_context=spawned) as pool:
        for part in [pool.submit(run_part, PARTS[name], lake) for name in names]:
            report.results += part.result()


def main():
    """Checks the binary named on the command line, all of it or the parts named after it."""
    if len(sys.argv) < 2 or not PARTS.keys() >= set(sys.argv[2:]):
        sys.exit(f"{__doc__}\nThe parts are {', '.join(PARTS)}.")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="carnac-clients-") as folder:
        check_all(report, Path(sys.argv[1]).resolve(), Path(folder) / "lake", sys.argv[2:] or PARTS)
    print(matrix.table(matrix.LINES, report.results))
    print(f"clients: {report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
