"""A lake made from the samples by the binary under test, and its server."""

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

DATASETS = ("authorities", "memberships", "acts", "consultations", "bids", "reported", "contracts")
SCHEMAS = ("assessment", "catalog", "core", "cube", "indicator", "peer", "published")
SQL = Path(__file__).parents[2] / "sql"

# No setting of the user's own, and no backtraces of the panics that bad bytes cause: they are slow.
ENVIRONMENT = {name: text for name, text in os.environ.items() if not name.startswith("CARNAC_")}
ENVIRONMENT["RUST_BACKTRACE"] = "0"

SERVE = ("serve", "--insecure-loopback", "--listen", "127.0.0.1:0")

# How long a server told to stop may take, in seconds.
GRACE = 40


@dataclass(frozen=True)
class Lake:
    """The binary and the folder of one lake."""

    binary: Path
    root: Path

    def run(self, *arguments):
        """Runs one command of the binary to its end and returns its standard output."""
        done = subprocess.run(
            [self.binary, "--root", self.root, *arguments],
            cwd=self.root.parent,
            env=ENVIRONMENT,
            capture_output=True,
            check=False,
        )
        reason = done.stderr.decode(errors="replace").strip()
        assert done.returncode == 0, (
            f"`carnac {arguments[0]}` ended with {done.returncode}: {reason}"
        )
        return done.stdout

    def query(self, sql):
        """Returns the answer of `carnac query` as an Arrow table."""
        with pa.ipc.open_stream(self.run("query", sql, "--format", "arrow")) as reader:
            return reader.read_all()

    def value(self, sql):
        """Returns the one value that `carnac query` answers."""
        return self.query(sql).column(0)[0].as_py()

    def start(self):
        """Starts the server on a free loopback port; returns the process and its address."""
        server, [address] = self.start_flight()
        return server, address

    def start_flight(self):
        """Starts it so; returns the process and its addresses."""
        return self.start_with(["grpc://"])

    def start_both(self):
        """Starts it with a port for PostgreSQL too; returns the process and both addresses."""
        return self.start_with(["grpc://", "postgresql://"], "--postgres", "127.0.0.1:0")

    def start_with(self, schemes, *flags):
        """Starts the server; returns the process and the addresses of these schemes that it says."""
        server = subprocess.Popen(
            [self.binary, "--root", self.root, *SERVE, *flags],
            cwd=self.root.parent,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        addresses = []
        for scheme in schemes:
            line = next((line for line in server.stdout if scheme in line), None)
            if line is None:
                server.kill()
                raise AssertionError(f"the server ended with {server.wait()}, without {scheme}")
            addresses.append(scheme + line.split(scheme)[1].strip())
        return server, addresses

    @contextlib.contextmanager
    def serving(self):
        """Serves while the block runs; the server must be there to be stopped afterwards."""
        server, address = self.start()
        try:
            yield address
        finally:
            status = stop(server)
        assert status == 0, f"the server ended with {status}"


def stop(server):
    """Sends SIGTERM and returns the exit status; a server that does not end is killed."""
    server.send_signal(signal.SIGTERM)
    try:
        return server.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        server.kill()
        return f"{server.wait()}, killed after {GRACE} s"
    finally:
        server.stdout.close()


def make(lake):
    """Lands the samples, then one of them again without a row, so that old files stay behind."""
    lake.run("demo", "--once")
    [sample] = (lake.root / "inbox" / "acts").iterdir()
    header, _, *rows = sample.read_bytes().splitlines(keepends=True)
    sample.write_bytes(b"".join([header, *rows]))
    lake.run("refresh")
    return lake


def views(schema):
    """Returns the names of the views that a schema has: in the source tree, but for the catalogue."""
    if schema == "catalog":
        return ["functions", "indicators"]
    return sorted(file.stem for file in (SQL / schema).glob("*.sql"))


def all_views():
    """Returns (schema, view) for every view that clients see."""
    return [(schema, view) for schema in SCHEMAS for view in views(schema)]
