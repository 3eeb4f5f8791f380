"""The three doors give the same rows, under the mapping of door_values.py, and the same refusals.

Each query goes through ADBC over Arrow Flight SQL, through psycopg in text and in binary, and to
POST /query as Arrow, CSV and NDJSON; a whole view, which costs more, in one form at each door, the
next view in the next form. What Flight answers is held against each of the others: the
names of columns, their types where the form has any, and every value in its place.
"""

import concurrent.futures
import csv
import decimal
import io
import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from functools import partial

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import pg8000.dbapi
import psycopg
import pyarrow as pa
from psycopg.adapt import Loader

from door_queries import HEAVY, all_queries
from door_values import (
    in_csv,
    in_json,
    interval_of_postgres,
    kind_of,
    of_arrow,
    of_csv,
    of_json,
    of_postgres,
    postgres_name,
)
from flight_sql import WITHOUT_SAMPLE, is_equal

USER = "anonymous"
WANTED = 200
# The samples have none of these, nor what is computed of them.
WITHOUT_ROWS = WITHOUT_SAMPLE | {
    "activations",
    "classifications",
    "downloads",
    "expenses",
    "flows",
    "sessions",
}
TOKEN = "carnac_0123456789abcdef_nobody"

# Of what a client can do: the status of ADBC, that of HTTP, and what the SQLSTATE begins with.
CLASSES = {
    "invalid": ("INVALID_ARGUMENT", 400, ("22", "42", "0A", "3F")),
    "denied": ("UNAUTHORIZED", 403, ("42501",)),
    "not_found": ("NOT_FOUND", 404, ("42704",)),
    "unauthenticated": ("UNAUTHENTICATED", 401, ("28P01",)),
}

# A statement, what its refusal is, and its SQLSTATE.
REFUSED = {
    "syntax": ("selec 1", "invalid", "42601"),
    "too_long": ("select 1 --" + "x" * 300 * 1024, "invalid", "42601"),
    "columns_differ": ("select 1 union select 1, 2", "invalid", "42"),
    "no_table": ("select * from core.nothing", "invalid", "42P01"),
    "raw_layer": ("select * from lake.acts", "invalid", "42P01"),
    "file_as_table": ("select * from '/etc/passwd'", "invalid", "42P01"),
    "no_column": ("select nothing from core.acts", "invalid", "42703"),
    "ambiguous_column": ("select siren from core.acts as a, core.bids as b", "invalid", "42702"),
    "no_function": ("select nothing(1)", "invalid", "42883"),
    "types_do_not_fit": ("select date '2024-01-01' = true", "invalid", "42"),
    "recursion": ("with recursive a as (select 1 as x) select * from a", "denied", "42501"),
    "too_deep": ("select " + "(" * 90 + "1" + ")" * 90, "invalid", "42601"),
    "value_of_a_row": ("select cast(name as int) from core.authority_years", "invalid", "22000"),
    "division_by_zero": ("select 1 / (lot_count - lot_count) from core.consultations", "invalid", "22000"),
    "drop": ("DROP TABLE core.acts", "denied", "42501"),
    "insert": ("INSERT INTO core.acts VALUES (1)", "denied", "42501"),
    "explain_analyze": ("EXPLAIN ANALYZE select 1", "denied", "42501"),
    "create": ("CREATE VIEW v AS select 1", "denied", "42501"),
}


class IntervalAsText(Loader):
    """Keeps months, days and microseconds apart."""

    def load(self, data):
        """Reads an interval in text."""
        return interval_of_postgres(bytes(data).decode())


class IntervalInBinary(Loader):
    """Keeps months, days and microseconds apart."""

    format = psycopg.pq.Format.BINARY

    def load(self, data):
        """Reads an interval in binary."""
        micros, days, months = struct.unpack(">qii", data)
        return (months, days, micros)


def open_postgres(address):
    """Connects psycopg so that an interval keeps its parts."""
    connection = psycopg.connect(f"{address}?user={USER}", autocommit=True)
    for loader in (IntervalAsText, IntervalInBinary):
        connection.adapters.register_loader("interval", loader)
    return connection


def open_flight(address, **headers):
    """Connects ADBC, with headers of every call."""
    prefix = "adbc.flight.sql.rpc.call_header."
    options = {prefix + name.replace("_", "-"): text for name, text in headers.items()}
    return flight_sql.connect(address, db_kwargs=options, autocommit=True)


def post(address, form, sql, parameters, at="", **headers):
    """Returns the body that POST /query answers."""
    body, kind = sql, "text/plain"
    if parameters:
        plain = [value if isinstance(value, str | int | float | None) else str(value) for value in parameters]
        body, kind = json.dumps({"sql": sql, "parameters": plain}), "application/json"
    request = urllib.request.Request(
        f"http://{address.split('://')[1]}/query?format={form}{at}",
        data=body.encode(),
        headers={"Content-Type": kind, **headers},
    )
    with urllib.request.urlopen(request) as reply:
        return reply.read()


def by_flight(connection, sql, parameters):
    """Returns the answer of ADBC as a table."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetch_arrow_table()


def by_postgres(connection, binary, sql, parameters):
    """Returns the names, the types and the rows of psycopg."""
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(sql, parameters or None, binary=binary)
        described = [(column.name, column.type_display.split("(")[0]) for column in cursor.description]
        return described, cursor.fetchall()


def by_http(address, form, sql, parameters):
    """Returns the body of a form; none when it cannot hold the columns."""
    try:
        return post(address, form, sql, parameters)
    except urllib.error.HTTPError as error:
        reason = json.loads(error.read())["error"]
        assert reason.startswith(f"no {form} of these columns"), reason
        return None


def mapped(table):
    """Returns the rows of a table of Arrow under the mapping."""
    columns = [[of_arrow(scalar) for scalar in column] for column in table.columns]
    return list(zip(*columns, strict=True))


def in_order(name, rows):
    """Returns rows as they come, those of a view, which have no order, sorted."""
    return sorted(rows, key=repr) if is_view(name) else rows


def is_view(name):
    """Whether a query is that of a whole view."""
    return "." in name


def each(convert, kinds, rows):
    """Maps every value of rows by the type of its column."""
    return [tuple(convert(kind, value) for kind, value in zip(kinds, row, strict=True)) for row in rows]


def same_rows(door, name, found, expected):
    """Fails with the first row that differs."""
    found, expected = in_order(name, found), in_order(name, expected)
    is_equal((door, len(found)), (door, len(expected)))
    for place, (row, wanted) in enumerate(zip(found, expected, strict=True)):
        assert repr(row) == repr(wanted), f"{door}, row {place}: got {row!r}, Flight has {wanted!r}"


def same_as_postgres(name, table, expected, binary, answer):
    """The answer of psycopg is that of Flight."""
    described, rows = answer
    wanted = [(field.name, postgres_name(field.type)) for field in table.schema]
    is_equal(described, wanted)
    found = each(of_postgres, table.schema.types, rows)
    same_rows("PostgreSQL in binary" if binary else "PostgreSQL in text", name, found, expected)


def same_as_csv(name, table, expected, body):
    """A body in CSV is the answer of Flight, but that an empty text is NULL."""
    nested = any(pa.types.is_nested(kind) for kind in table.schema.types)
    is_equal(body is None, nested)
    if nested:
        return
    header, *lines = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
    is_equal(header, table.schema.names)
    found = each(of_csv, table.schema.types, lines)
    same_rows("CSV", name, found, [tuple(map(in_csv, row)) for row in expected])


def same_as_ndjson(name, table, expected, body):
    """A body in NDJSON is the answer of Flight, but that what is not finite is NULL."""
    read = partial(json.loads, parse_float=decimal.Decimal)
    rows = [read(line) for line in body.decode().split("\n")[:-1]]
    for row in rows:
        is_equal(list(row), table.schema.names)
    found = each(of_json, table.schema.types, [row.values() for row in rows])
    kinds = [kind_of(kind) for kind in table.schema.types]
    finite = [
        tuple(in_json(value) if kind in ("single", "double") else value for kind, value in zip(kinds, row))
        for row in expected
    ]
    same_rows("NDJSON", name, found, finite)


def same_as_arrow(name, table, expected, body):
    """A body in Arrow is the answer of Flight, types and all."""
    with pa.ipc.open_stream(body) as reader:
        found = reader.read_all()
    is_equal(found.schema, table.schema)
    same_rows("HTTP", name, mapped(found), expected)


FORMS = {"arrow": same_as_arrow, "csv": same_as_csv, "ndjson": same_as_ndjson}


def ask_all(ways, flight, postgres, sql, parameters):
    """Returns what the three doors answer, asked at the same time."""
    binaries, forms = ways

    def of_flight():
        with open_flight(flight) as connection:
            return by_flight(connection, sql, parameters)

    def of_wire():
        with open_postgres(postgres) as connection:
            return [by_postgres(connection, binary, sql, parameters) for binary in binaries]

    def of_http():
        return [by_http(flight, form, sql, parameters) for form in forms]

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        return [answer.result() for answer in [threads.submit(of) for of in (of_flight, of_wire, of_http)]]


def ways_of(name, place):
    """Returns how a query is asked: of PostgreSQL in binary or not, and of HTTP in which forms."""
    if is_view(name):
        return (place % 2 == 1,), (list(FORMS)[place % 3],)
    return (False, True), tuple(FORMS)


def is_the_same(name, ways, sql, parameters, _, flight, postgres):
    """One query has the same answer at the three doors."""
    table, wires, bodies = ask_all(ways, flight, postgres, sql, parameters)
    expected = mapped(table)
    for binary, answer in zip(ways[0], wires, strict=True):
        same_as_postgres(name, table, expected, binary, answer)
    for form, body in zip(ways[1], bodies, strict=True):
        FORMS[form](name, table, expected, body)
    if is_view(name) and tuple(name.split(".")) not in HEAVY:
        assert expected or name.split(".")[1] in WITHOUT_ROWS, "the view is empty"


def refusal_of_flight(address, sql, **headers):
    """Returns the status of ADBC for a refusal, and the text of the server."""
    try:
        with open_flight(address, **headers) as connection:
            found = by_flight(connection, sql, None)
    except adbc_driver_manager.Error as error:
        return error.status_code.name, str(error)
    raise AssertionError(f"Flight answered {found}")


def refusal_of_postgres(address, sql):
    """Returns the SQLSTATE of a refusal and its text."""
    try:
        with open_postgres(address) as connection:
            found = connection.execute(sql.encode(), binary=True).statusmessage
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary
    raise AssertionError(f"PostgreSQL answered {found}")


def refusal_of_login(address, password):
    """Returns the SQLSTATE and the text with which a connection is refused: pg8000 keeps both."""
    url = urllib.parse.urlsplit(address)
    try:
        pg8000.dbapi.connect("somebody", host=url.hostname, port=url.port, database="carnac", password=password)
    except pg8000.dbapi.DatabaseError as error:
        return error.args[0]["C"], error.args[0]["M"]
    raise AssertionError("PostgreSQL let somebody in")


def refusal_of_http(address, sql, **options):
    """Returns the status of HTTP for a refusal, and its text."""
    try:
        found = post(address, "json", sql, None, **options)
    except urllib.error.HTTPError as error:
        told = json.loads(error.read())
        is_equal(told["status"], error.code)
        return error.code, told["error"]
    raise AssertionError(f"HTTP answered {found}")


def has_the_class(expected, flight, postgres, http):
    """The refusals are of one class, and PostgreSQL and HTTP give one reason, which Flight holds."""
    status, code, states = CLASSES[expected]
    is_equal((flight[0], http[0]), (status, code))
    assert postgres[0].startswith(states), f"the SQLSTATE is {postgres[0]}"
    is_equal(postgres[1], http[1])
    assert http[1] in flight[1], f"Flight says {flight[1]!r}, HTTP {http[1]!r}"


def is_refused_alike(case, _, flight, postgres):
    """One statement is refused by the three doors in one class, with the SQLSTATE that it must have."""
    sql, expected, state = REFUSED[case]
    wire = refusal_of_postgres(postgres, sql)
    has_the_class(expected, refusal_of_flight(flight, sql), wire, refusal_of_http(flight, sql))
    assert wire[0].startswith(state), f"the SQLSTATE is {wire[0]}"


def absent_release_is_refused_alike(_, flight, postgres):
    """A release that is not there is not found by any door."""
    has_the_class(
        "not_found",
        refusal_of_flight(flight, "select 1", x_carnac_release="99"),
        refusal_of_postgres(postgres, "set carnac.release = 99"),
        refusal_of_http(flight, "select 1", at="&at=99"),
    )


def wrong_token_is_refused_alike(_, flight, postgres):
    """A token that nobody made is refused by every door, also where none is wanted."""
    bearer = f"Bearer {TOKEN}"
    has_the_class(
        "unauthenticated",
        refusal_of_flight(flight, "select 1", authorization=bearer),
        refusal_of_login(postgres, TOKEN),
        refusal_of_http(flight, "select 1", Authorization=bearer),
    )


def there_are_enough(_, __, ___):
    """As many queries are asked as are promised."""
    assert len(all_queries()) >= WANTED, len(all_queries())


def checks():
    """Returns (name, check) for all of this file."""
    yield there_are_enough.__name__, there_are_enough
    for place, (name, (sql, parameters)) in enumerate(all_queries().items()):
        yield f"{name} is_the_same", partial(is_the_same, name, ways_of(name, place), sql, parameters)
    for case in REFUSED:
        yield f"{case} is_refused_alike", partial(is_refused_alike, case)
    for check in (absent_release_is_refused_alike, wrong_token_is_refused_alike):
        yield check.__name__, check
