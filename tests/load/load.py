"""Load: 1 to 128 clients in a closed loop, without and with a refresh beside them. No error is allowed.

    load.py BINARY [SECONDS]        of each step, 10 unless told otherwise

70 % of the queries are dashboard points (an indicator of an authority, by its address over HTTP and
as SQL over PostgreSQL and Flight), 20 % scans, 10 % heavy (groups and joins of all acts). Clients
and server share the cores of the machine: what the clients themselves compute, comparing every row
among it, stands beside each figure, in cores, and bounds it. The refresh runs without a pause; each
finds one file of acts changed, lands it, audits all and publishes a release.
"""

import asyncio
import random
import statistics
import time
from collections import Counter
from contextlib import asynccontextmanager

from lake import ENVIRONMENT
from machine import SEED, Report, arguments, percentile
from mix import SHARES, Client, FlightPool, Inbox
from place import landed, served

STEPS = (1, 2, 4, 8, 16, 32, 64, 128)
WIDTHS = (8, 9, 10, 9, 9, 9, 9, 9, 11, 8)
NAMES = ("clients", "q/s", "queries", "p50 ms", "p95 ms", "p99 ms", "client", "server", "heavy p99")


class Loop:
    """What clients found who ask again as soon as they are answered."""

    def __init__(self):
        self.seconds, self.heavy, self.errors = [], [], Counter()

    async def run(self, client, end):
        """Lets one client ask until the end."""
        while time.perf_counter() < end:
            try:
                kind, seconds = await client.any()
            except Exception as error:  # All kinds: each driver has its own.
                self.errors[f"{type(error).__name__}: {error}"[:200]] += 1
                if client.postgres.is_closed() or client.http.reader.at_eof():
                    await client.open()
                continue
            # What is not of the mix has a pause of its own in it.
            if kind in SHARES:
                self.seconds.append(seconds)
            if kind == "heavy":
                self.heavy.append(seconds)


async def step(house, pool, known, count, seconds):
    """Runs so many clients for so long; returns what they found, and seconds computed by whom."""
    draws = [random.Random(SEED * 1000 + number) for number in range(count)]
    clients = [await Client(house, pool, known, draw).open() for draw in draws]
    loop = Loop()
    own, server, start = time.process_time(), house.process.cpu(), time.perf_counter()
    await asyncio.gather(*(loop.run(client, start + seconds) for client in clients))
    took = time.perf_counter() - start
    cores = ((time.process_time() - own) / took, (house.process.cpu() - server) / took)
    for client in clients:
        await client.close()
    return loop, took, cores


def show(report, count, loop, took, cores):
    """Prints the figures of a step."""
    figures = [f"{1000 * percentile(loop.seconds, share):.0f}" for share in (0.5, 0.95, 0.99)]
    heavy = f"{1000 * percentile(loop.heavy, 0.99):.0f}" if loop.heavy else "-"
    errors, rate = sum(loop.errors.values()), f"{len(loop.seconds) / took:.1f}"
    used = [f"{core:.2f}" for core in cores]
    report.row(WIDTHS, count, rate, len(loop.seconds), *figures, *used, heavy, errors)


class Refreshes:
    """Runs of `carnac refresh`, one after the other."""

    def __init__(self, lake, inbox):
        self.lake, self.inbox = lake, inbox
        self.seconds, self.failed, self.is_over = [], [], False

    async def run(self):
        """Runs them until told to end, the last one to its end."""
        while not self.is_over:
            self.inbox.change()
            start = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                self.lake.binary, "--root", self.lake.root, "refresh",
                cwd=self.lake.root.parent, env=ENVIRONMENT,
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )
            _, told = await process.communicate()
            self.seconds.append(time.perf_counter() - start)
            if process.returncode:
                self.failed.append(f"status {process.returncode}: {told.decode().strip()[-300:]}")

    @asynccontextmanager
    async def beside(self):
        """Runs them while the block runs."""
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            self.is_over = True
            await task


async def steps(report, house, known, seconds):
    """Runs all steps; returns the errors of all."""
    pool, errors = FlightPool(house.flight), Counter()
    report.row(WIDTHS, *NAMES, "errors")
    for count in STEPS:
        found = await step(house, pool, known, count, seconds)
        errors += found[0].errors
        show(report, count, *found)
    pool.threads.shutdown()
    return errors


def judge(report, name, errors):
    """Requires that there is no error, and shows some."""
    shown = "; ".join(f"{count} times {text}" for text, count in errors.most_common(3))
    report.require(f"no errors {name}", not errors, shown or 0)


async def measure(report, lake, house, seconds):
    """Runs the steps alone, then beside refreshes."""
    inbox = Inbox(lake)
    known = inbox.known()
    report.say("without a refresh (client and server: cores that they compute on)")
    judge(report, "without a refresh", await steps(report, house, known, seconds))
    report.say("with a refresh beside them")
    refreshes = Refreshes(lake, inbox)
    before = house.gauge("carnac_release")
    async with refreshes.beside():
        judge(report, "with a refresh", await steps(report, house, known, seconds))
    count, landed_ = len(refreshes.seconds), house.gauge("carnac_release") - before
    median = statistics.median(refreshes.seconds)
    report.say(f"{count} refreshes, {median:.2f} s each (median)")
    report.require("every refresh ends well", not refreshes.failed, refreshes.failed[:1] or count)
    report.require("every refresh publishes", landed_ == count, f"{landed_:.0f} releases of {count}")


def main():
    """Measures the binary named on the command line."""
    binary, seconds = arguments(__doc__, 10)
    report = Report("load", binary, seconds_each=seconds)
    with landed(binary, with_synthetic=True) as lake, served(lake) as house:
        asyncio.run(measure(report, lake, house, seconds))
    report.end()


if __name__ == "__main__":
    main()
