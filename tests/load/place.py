"""The lake that is asked, and servers of it."""

import contextlib
import shutil
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from lake import Lake, stop
from machine import Process

# What the samples hold too little of to be worth a scan.
SYNTHETIC = ("acts", "bids", "consultations")

BOTH = ["grpc://", "postgresql://"]


@dataclass(frozen=True)
class House:
    """A server that runs: its process, and the (host, port) of its doors."""

    process: Process
    http: tuple[str, int]
    postgres: tuple[str, int]

    @property
    def flight(self):
        """Where Flight is spoken: on the port of HTTP."""
        return "{}:{}".format(*self.http)

    def gauge(self, name):
        """Returns a number that the server counts, of /metrics."""
        with urllib.request.urlopen(f"http://{self.flight}/metrics", timeout=30) as reply:
            text = reply.read().decode()
        lines = [line.split() for line in text.splitlines() if line.startswith(f"{name} ")]
        assert len(lines) == 1, f"/metrics tells {len(lines)} numbers named {name}"
        return float(lines[0][1])


@contextlib.contextmanager
def landed(binary, with_synthetic=False):
    """Makes a lake of the samples, with synthetic acts and bids if wanted, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="carnac-load-") as folder:
        lake = Lake(binary, Path(folder) / "lake")
        lake.run("demo", "--once")
        if with_synthetic:
            invented = Path(folder) / "invented"
            lake.run("sample", "--scale", "1", "--seed", "42", "--out", invented)
            for dataset in SYNTHETIC:
                for file in (invented / dataset).iterdir():
                    shutil.copy(file, lake.root / "inbox" / dataset)
            lake.run("refresh")
        yield lake


def address(url):
    """Returns the (host, port) of an address."""
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port


@contextlib.contextmanager
def served(lake, *flags):
    """Serves a lake at all doors while the block runs; it must be there to be stopped afterwards."""
    flags = ("--postgres", "127.0.0.1:0", *map(str, flags))
    server, (http, postgres) = lake.start_with(BOTH, *flags)
    try:
        yield House(Process(server.pid), address(http), address(postgres))
    finally:
        status = stop(server)
    assert status == 0, f"the server ended with {status}"


def token(lake, role):
    """Creates a token and returns it."""
    return lake.run("token", "create", role).decode().strip()
