"""TLS with the clients that people use: all that know the certificate are answered, and no one else."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import asyncpg
import pg8000.dbapi
import psycopg
from adbc_driver_flightsql import DatabaseOptions
from pyarrow import flight

import raw_flight
from flight_sql import is_equal
from lake import ENVIRONMENT

FILES = Path(__file__).parents[1] / "it" / "tls"
CERTIFICATE = FILES / "first.pem"
FLAGS = (
    *("--tls-certificate", CERTIFICATE, "--tls-key", FILES / "first.key"),
    *("--anonymous", "analyst"),
)
OTHER = FILES / "second.pem"
COUNT = "select count(*) from core.acts"


def start(lake):
    """Starts a server with both doors within TLS; returns the process and both addresses."""
    return lake.start_with(["grpc+tls://", "postgresql://"], "--postgres", "127.0.0.1:0", *FLAGS)


def fails(call, *kinds):
    """Expects one of these errors and returns its text."""
    try:
        found = call()
    except kinds as error:
        return str(error)
    raise AssertionError(f"the call was answered: {found!r}")


def count_by_adbc(address, roots):
    """Asks by ADBC, which trusts these certificates."""
    options = {DatabaseOptions.TLS_ROOT_CERTS.value: roots.read_text()}
    with flight_sql.connect(address, db_kwargs=options, autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(COUNT)
            return cursor.fetchone()[0]


def adbc_flight(lake, address, _):
    """ADBC over Flight is answered, and does not go on with another certificate."""
    is_equal(count_by_adbc(address, CERTIFICATE), lake.value(COUNT))
    fails(lambda: count_by_adbc(address, OTHER), adbc_driver_manager.Error)


def count_by_pyarrow(address, **options):
    """Asks by the client of pyarrow."""
    with flight.FlightClient(address, **options) as client:
        [row] = raw_flight.ask(client, raw_flight.statement(COUNT))
        return next(iter(row.values()))


def pyarrow_flight(lake, address, _):
    """The client of pyarrow is answered, not without the certificate, and not in the clear."""
    roots = CERTIFICATE.read_bytes()
    is_equal(count_by_pyarrow(address, tls_root_certs=roots), lake.value(COUNT))
    fails(lambda: count_by_pyarrow(address), flight.FlightError, OSError)
    clear = address.replace("grpc+tls", "grpc+tcp")
    fails(lambda: count_by_pyarrow(clear), flight.FlightError, OSError)


def get(address, **options):
    """Gets /ready."""
    host = address.split("://")[1]
    scheme = "https" if options else "http"
    with urllib.request.urlopen(f"{scheme}://{host}/ready", timeout=10, **options) as reply:
        return reply.read().decode()


def http(_, address, __):
    """HTTP is answered, not under another certificate, and not in the clear."""
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    assert get(address, context=trusting).startswith("release "), "there is no release"
    other = ssl.create_default_context(cafile=OTHER)
    fails(lambda: get(address, context=other), urllib.error.URLError)
    fails(lambda: get(address), OSError, HTTPException)


def connect(address, **options):
    """Connects psycopg as the address says, to a server of this certificate."""
    options = {"sslrootcert": CERTIFICATE, **options}
    return psycopg.connect(address, user="anonymous", autocommit=True, **options)


def cancel(connection, failed):
    """Cancels what runs on a connection, and adds why that failed."""
    try:
        connection.cancel_safe()
    except psycopg.Error as error:
        failed.append(str(error))


def psycopg_verifies(lake, _, address):
    """psycopg is answered by both handshakes, and its cancel is heard."""
    ways = ["postgres", "direct"] if psycopg.pq.version() >= 170000 else ["postgres"]
    for way in ways:
        options = {"sslnegotiation": way} if len(ways) > 1 else {}
        with contextlib.closing(connect(address, **options)) as connection:
            is_equal(connection.execute(COUNT).fetchone()[0], lake.value(COUNT))
            failed = []
            timer = threading.Timer(0.5, cancel, (connection, failed))
            timer.start()
            endless = "select count(*) from generate_series(1, 1000000000000) as t"
            fails(lambda: connection.execute(endless), psycopg.errors.QueryCanceled)
            timer.join()
            is_equal(failed, [])


def psycopg_refuses(_, __, address):
    """psycopg does not go on with another certificate, and is told why it may not do without."""
    fails(lambda: connect(address, sslrootcert=OTHER), psycopg.OperationalError)
    text = fails(lambda: connect(address, sslmode="disable"), psycopg.OperationalError)
    assert "in the clear" in text, text


def asyncpg_pool(lake, _, address):
    """A pool of asyncpg is answered."""

    async def run():
        context = ssl.create_default_context(cafile=CERTIFICATE)
        bare = address.split("?")[0]
        async with asyncpg.create_pool(
            bare, user="anonymous", ssl=context, min_size=1, max_size=10
        ) as pool:
            return set(await asyncio.gather(*(pool.fetchval(COUNT) for _ in range(20))))

    is_equal(asyncio.run(run()), {lake.value(COUNT)})


def pg8000_connects(lake, _, address):
    """pg8000 is answered."""
    parts = urllib.parse.urlsplit(address)
    context = ssl.create_default_context(cafile=CERTIFICATE)
    with contextlib.closing(
        pg8000.dbapi.connect(
            "anonymous",
            host=parts.hostname,
            port=parts.port,
            database="carnac",
            ssl_context=context,
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(COUNT)
        is_equal(cursor.fetchone()[0], lake.value(COUNT))


def psql(_, __, address):
    """psql says that its connection is encrypted."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", f"{address}&user=anonymous&sslrootcert={CERTIFICATE}"],
        input="\\conninfo\n",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "SSL" in done.stdout, (done.stdout, done.stderr)


def checks():
    """Returns (name, check) for all of this file; the table of the run says when there is no psql."""
    all_of_them = [
        adbc_flight,
        pyarrow_flight,
        http,
        psycopg_verifies,
        psycopg_refuses,
        asyncpg_pool,
        pg8000_connects,
    ]
    for check in all_of_them:
        yield check.__name__, check
    if shutil.which("psql"):
        yield psql.__name__, psql
