"""What the ODBC driver of PostgreSQL gets, by unixODBC and pyodbc, without a DSN."""

import concurrent.futures
import functools
import os
import threading
import urllib.parse
from functools import partial
from pathlib import Path

from flight_sql import is_equal
from lake import SCHEMAS, all_views
from typed import (
    BIG,
    COUNT_WHERE,
    ECHO,
    ECHOED,
    ENDLESS,
    GIVEN,
    NO_COLUMN,
    QUERIES,
    USER,
    WRONG_TOKEN,
    agree,
    big_sums,
    columns,
    counted,
    is_refused,
    places,
    wanted,
)

try:
    import pyodbc
except ImportError as error:  # without unixODBC there is no library to load
    pyodbc, REASON = None, str(error)

CALLS = 20
OWN = {"pg_catalog", "information_schema"}
TYPES = {"object": "text", "notification_date": "date", "amount_eur": "numeric", "duration_months": "int8"}


def driver():
    """The driver's library: as the environment names it, or where Debian puts it."""
    named = os.environ.get("CARNAC_ODBC_DRIVER")
    found = [Path(named)] if named else sorted(Path("/usr/lib").glob("*/odbc/psqlodbcw.so"))
    return next((path for path in found if path.exists()), None)


def missing():
    """Why the driver cannot be run, or None."""
    if pyodbc is None:
        return f"pyodbc cannot be loaded (unixodbc): {REASON}"
    if driver() is None:
        return "the driver (odbc-postgresql) is not installed"
    return None


@functools.cache
def version(place):
    """The version of the driver, which a connection tells while there is a server, and that of pyodbc."""
    try:
        connection = connect(place)
    except pyodbc.Error as error:
        return f"unknown: {error.args[0]}, pyodbc {pyodbc.version}"
    told = connection.getinfo(pyodbc.SQL_DRIVER_VER)
    connection.close()
    return f"{told}, pyodbc {pyodbc.version}"


def connect(place, token=None, **options):
    """Opens a connection with a token as the password."""
    url = urllib.parse.urlsplit(place.postgres)
    parts = {
        "Driver": driver(),
        "Server": url.hostname,
        "Port": url.port,
        "Database": "carnac",
        "UID": USER,
        "PWD": token or place.token,
        "BoolsAsChar": 0,
        **options,
    }
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    return pyodbc.connect(text, autocommit=True)


def connected(check, **options):
    """Turns a check of a connection into one that opens it."""

    def run(place):
        connection = connect(place, **options)
        try:
            check(place, connection)
        finally:
            connection.close()

    return run


def ask(connection, sql, *parameters):
    """The rows of a query."""
    return [tuple(row) for row in connection.execute(sql, *parameters).fetchall()]


def driver_is_known(_, connection):
    """The driver says its version, and the database that it is connected to."""
    told = connection.getinfo(pyodbc.SQL_DRIVER_VER)
    assert told[:2].isdigit(), told
    is_equal(connection.getinfo(pyodbc.SQL_DATABASE_NAME), "carnac")


def rows_agree(query, place, connection):
    """The rows are those of `carnac query`."""
    agree(ask(connection, QUERIES[query]), wanted(place.lake, query))


def parameters_are_bound(place, connection):
    """Text, date and integer count what literals count; each kind comes back; NULL stays NULL."""
    is_equal(ask(connection, places(COUNT_WHERE, "?"), *GIVEN), [(counted(place.lake),)])
    echo = places(ECHO, "?")
    agree(ask(connection, echo, *ECHOED), [ECHOED])
    nulls = (None,) * len(ECHOED)
    is_equal(ask(connection, echo, *nulls), [nulls])


def error_leaves_the_connection(_, connection):
    """A wrong query has its SQLSTATE, and the next one is answered."""
    try:
        ask(connection, NO_COLUMN)
    except pyodbc.Error as error:
        is_equal(error.args[0], "42703")
    else:
        raise AssertionError("the query was answered")
    is_equal(ask(connection, "select 1 as a"), [(1,)])


def token_is_refused(place):
    """A token of no lake is refused."""
    is_refused(lambda: connect(place, WRONG_TOKEN), pyodbc.Error)


def tables_are_listed(_, connection):
    """SQLTables lists every view once, and nothing else; patterns leave what they match."""
    found = [(row[1], row[2]) for row in connection.cursor().tables().fetchall()]
    is_equal(sorted(pair for pair in found if pair[0] not in OWN), all_views())
    some = connection.cursor().tables(schema="indicator", table="act%", tableType="VIEW").fetchall()
    matching = [pair for pair in all_views() if pair[0] == "indicator" and pair[1].startswith("act")]
    is_equal(sorted((row[1], row[2]) for row in some), matching)


def schemas_are_listed(_, connection):
    """SQLTables lists the schemas of an analyst."""
    found = {row[1] for row in connection.cursor().tables(catalog="", schema="%", table="").fetchall()}
    is_equal(sorted(found - OWN), sorted(SCHEMAS))


def columns_are_listed(place, connection):
    """SQLColumns lists every column of every view, with its type."""
    found = [(row[1], row[2], row[3]) for row in connection.cursor().columns().fetchall()]
    is_equal(sorted(row for row in found if row[0] not in OWN), sorted(columns(place.lake)))
    rows = connection.cursor().columns(schema="core", table="contracts").fetchall()
    wanted_names = [row[2] for row in columns(place.lake) if row[:2] == ("core", "contracts")]
    is_equal([row[3] for row in rows], wanted_names)
    told = {row[3]: row[5] for row in rows}
    is_equal({name: told.get(name) for name in TYPES}, TYPES)


def keys_are_empty(call, _, connection):
    """A view has no keys and no indexes: the list is empty, and no error."""
    cursor = connection.cursor()
    named = {"schema": "core", "table": "contracts"}
    found = getattr(cursor, call)(**named).fetchall()
    is_equal([tuple(row) for row in found], [])


def parts_arrive(_, connection):
    """A big answer arrives whole by parts."""
    connection.autocommit = False
    cursor = connection.execute(BIG)
    count = total = length = 0
    while rows := cursor.fetchmany(1000):
        count += len(rows)
        total += sum(value for value, _ in rows)
        length += sum(len(label) for _, label in rows)
    is_equal((count, total, length), big_sums())
    connection.rollback()
    connection.autocommit = True


def is_stopped(connection, stop):
    """An endless query ends with the SQLSTATE of a cancelled one, and the next one is answered."""
    cursor = connection.cursor()
    timer = threading.Timer(0.5, stop or cursor.cancel)
    timer.start()
    try:
        cursor.execute(ENDLESS).fetchall()
    except pyodbc.Error as error:
        is_equal(error.args[0], "57014")
    else:
        raise AssertionError("the query was answered")
    finally:
        timer.join()
    is_equal(ask(connection, "select 1 as a"), [(1,)])


def cancel_stops_a_query(_, connection):
    """SQLCancel of another thread ends a query that computes."""
    is_stopped(connection, None)


def limit_stops_a_query(_, connection):
    """The time limit that a connection sets ends a query that computes."""
    is_stopped(connection, lambda: None)


def many_connections_answer(place):
    """Connections of many threads, which pyodbc pools, are each answered."""

    def call(number):
        connection = connect(place)
        try:
            return ask(connection, "select cast(? as bigint) + 1 as a", number)
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(5) as threads:
        found = list(threads.map(call, range(CALLS)))
    is_equal(found, [[(number + 1,)] for number in range(CALLS)])


def checks():
    """Returns (name, check) for all of this file."""
    yield "token_is_refused", token_is_refused
    for check in (
        driver_is_known,
        parameters_are_bound,
        error_leaves_the_connection,
        tables_are_listed,
        schemas_are_listed,
        columns_are_listed,
        cancel_stops_a_query,
    ):
        yield check.__name__, connected(check)
    for query in QUERIES:
        yield f"rows_agree {query}", connected(partial(rows_agree, query))
    for call in ("primaryKeys", "foreignKeys", "statistics"):
        yield f"keys_are_empty {call}", connected(partial(keys_are_empty, call))
    yield "parts_arrive", connected(parts_arrive)
    yield "parts_arrive cursor", connected(parts_arrive, UseDeclareFetch=1, Fetch=1000)
    limit = {"ConnSettings": "SET%20statement_timeout%20=%20500"}
    yield "limit_stops_a_query", connected(limit_stops_a_query, **limit)
    yield "many_connections_answer", many_connections_answer
