"""A lake in a bucket, served on loopback by moto, behind a proxy that goes wrong on purpose.

CARNAC_ALL=1 breaks every request of a landing; a plain run breaks some.
"""

import contextlib
import http.client
import logging
import os
import socket
import struct
import subprocess
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from moto.server import ThreadedMotoServer

from lake import ENVIRONMENT

BUCKET = "lakes"
# What a request may meet: an answer of 503 instead of its own; a connection cut before it is
# served, after it is served, or amid the answer; an answer that comes byte by byte.
FAULTS = ("busy", "cut", "lost", "half", "trickle")
# Faults after which a run may end in a failure, which then is one: nothing is published.
MAY_FAIL = ("half",)
# Requests broken of each kind in a plain run.
SOME = 3
# How many answers in a row are 503.
BUSY_FOR = 3
HOP_BY_HOP = ("connection", "content-length", "date", "server", "transfer-encoding")
ACTS = "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n" + "".join(
    f"{number};213502388;1;7.10;{year}-01-0{number};{year}-01-0{number};4;0\n"
    for number, year in ((1, 2024), (2, 2024), (3, 2025), (4, 2025))
)
BIDS = "id_pli;id_consultation;siren;mode;date_depot;hors_delai\n" + "".join(
    f"{number};c;213502388;e;{year}-02-02;non\n" for number, year in ((1, 2024), (2, 2025))
)
SEEN = "select (select count(*) from lake.acts) as acts, (select count(*) from lake.bids) as bids"


class Proxy(ThreadingHTTPServer):
    """Passes requests on, and breaks the one of a number, from 0; counts them."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = port
        self.lock = threading.Lock()
        self.arm(None, 0)

    def arm(self, fault, number):
        """Starts counting anew."""
        with self.lock:
            self.fault, self.number, self.count = fault, number, 0

    def meets(self):
        """Returns the fault that this request meets."""
        with self.lock:
            place, self.count = self.count, self.count + 1
            for_long = BUSY_FOR if self.fault == "busy" else 1
            return self.fault if self.number <= place < self.number + for_long else None

    def handle_error(self, request, client_address):
        """Cut connections are what this is for."""


class Handler(BaseHTTPRequestHandler):
    """One connection to the proxy."""

    protocol_version = "HTTP/1.1"
    # Else the body of an answer waits 40 ms, until the client acknowledges its head.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Says nothing."""

    def pass_on(self):
        """Answers one request, or does not."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.meets()
        if fault == "cut":
            return self.reset()
        if fault == "busy":
            return self.answer(503, [], b"<Error><Code>SlowDown</Code></Error>")
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)
        with contextlib.closing(behind):
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
        if fault == "lost":
            return self.reset()
        return self.answer(answer.status, answer.getheaders(), content, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def answer(self, status, headers, content, fault=None):
        """Sends an answer, whole, half or byte by byte."""
        self.send_response(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "half":
            self.wfile.write(content[: len(content) // 2])
            self.reset()
        elif fault == "trickle":
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
        else:
            self.wfile.write(content)

    def reset(self):
        """Ends the connection as a machine that fails does, without a goodbye."""
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True


class Bucket:
    """An empty bucket behind the proxy, and runs of the binary on lakes in it."""

    def __init__(self, binary, place, proxy, port):
        self.binary, self.place, self.proxy = binary, place, proxy
        self.environment = ENVIRONMENT | {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ENDPOINT": f"http://127.0.0.1:{proxy.server_port}",
        }
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def start(self, name, *arguments):
        """Runs one command on the lake of that name to its end."""
        return subprocess.run(
            [self.binary, "--root", f"s3://{BUCKET}/{name}", *arguments],
            cwd=self.place,
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
        )

    def run(self, name, *arguments):
        """Runs one command on the lake of that name, which must end well."""
        done = self.start(name, *arguments)
        assert done.returncode == 0, f"{name}: {arguments[0]}: {done.stderr.strip()[-400:]}"
        return done.stdout

    def land(self, name, fault=None, number=0):
        """Lands two files with a request broken; returns the run and how many requests it made."""
        self.proxy.arm(fault, number)
        done = self.start(name, "ingest", "acts", "bids", "--run-date", "2025-12-31")
        requests = self.proxy.count
        self.proxy.arm(None, 0)
        return done, requests

    def records(self, name):
        """Returns the names of the release records."""
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{name}/releases/")
        return [entry["Key"] for entry in listed.get("Contents", ())]

    def is_landed_once(self, name):
        """All rows are there once, in one release."""
        rows = self.run(name, "query", SEEN, "--format", "csv").split()
        assert rows == ["acts,bids", "4,2"], f"{name}: {rows}"
        records = self.records(name)
        assert len(records) == 1, f"{name}: {records}"


def breaks(fault, bucket):
    """A landing of which one request meets the fault ends as one that meets none."""
    done, requests = bucket.land(f"{fault}-none")
    assert done.returncode == 0, done.stderr
    bucket.is_landed_once(f"{fault}-none")
    step = 1 if "CARNAC_ALL" in os.environ else -(-requests // SOME)
    first = FAULTS.index(fault) * step // len(FAULTS)
    tried = range(first, requests, step)
    failed = 0
    for number in tried:
        name = f"{fault}-{number}"
        done, _ = bucket.land(name, fault, number)
        if done.returncode != 0:
            failed += 1
            assert fault in MAY_FAIL, f"{name}: {done.stderr.strip()[-400:]}"
            assert not bucket.records(name), f"{name}: published, and said to have failed"
            done, _ = bucket.land(name)
        assert done.returncode == 0, f"{name}: {done.stderr.strip()[-400:]}"
        bucket.is_landed_once(name)
    print(f"   {len(tried)} of {requests} requests: {fault}, {failed} runs failed", flush=True)


@contextlib.contextmanager
def opened(lake):
    """Yields a bucket for the lake's binary."""
    place = lake.root.parent / "bucket"
    for dataset, text in (("acts", ACTS), ("bids", BIDS)):
        (place / dataset).mkdir(parents=True)
        (place / dataset / "night.csv").write_text(text, encoding="utf-8")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    proxy = Proxy(port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield Bucket(lake.binary, place, proxy, port)
    finally:
        proxy.shutdown()
        moto.stop()


def checks():
    """Returns (name, check) for all of this file; checks take a bucket."""
    for fault in FAULTS:
        yield f"landing_with_{fault}", partial(breaks, fault)
