"""What clients of PostgreSQL get: the rows of Flight in text and binary, cursors, COPY, cancel."""

import asyncio
import contextlib
import datetime
import decimal
import threading
import urllib.parse
from functools import partial

import asyncpg
import pg8000.dbapi
import psycopg
import psycopg.rows

import flight_sql
from flight_sql import WITHOUT_SAMPLE, is_equal
from lake import all_views, views

USER = "anonymous"
BUYER = "242900074"
AUTHORITY = "213502388"
MANY = 200_000
POOL = 50
RATES = "select * from indicator.act_transmission_rate where siren = $1 order by period"

# Queries whose rows asyncpg and pg8000 must get as Flight gives them; the first has every kind of value.
ALIKE = {
    "kinds": (
        "select * from (values "
        "(1, true, cast(9007199254740993 as bigint), cast(0.25 as double), cast(-1.50 as decimal(10, 2)), "
        "date '1969-12-31', cast('2025-02-28 13:45:06.789012' as timestamp(6)), 'é \'\' \"\\', "
        "make_array('a', null)), (2, null, null, null, null, null, null, '', null)) "
        "as t (id, flag, big, ratio, amount, day, moment, label, list) order by id"
    ),
    "core.contracts": (
        "select * from core.contracts order by contract_id, sequence, amount_eur, object limit 400"
    ),
    "core.acts": "select * from core.acts order by act_id, siren",
    "indicator.act_transmission_rate": RATES.replace("$1", "siren"),
}

# Statement, and the SQLSTATE of its refusal.
REFUSED = {
    "syntax": ("selec 1", "42601"),
    "drop_table": ("DROP TABLE core.acts", "42501"),
    "insert": ("INSERT INTO core.acts VALUES (1)", "42501"),
    "copy_to_a_file": ("COPY (select 1) TO '/tmp/copied.csv'", "42501"),
    "copy_from": ("COPY core.acts FROM STDIN", "42601"),
    "setting_of_the_engine": ("SET datafusion.runtime.memory_limit = '8G'", "42501"),
    "explain_analyze": ("EXPLAIN ANALYZE select 1", "42501"),
    "prepare": ("PREPARE p AS select 1", "42501"),
    "no_table": ("select * from core.nothing", "42P01"),
    "raw_layer": ("select * from lake.acts", "42P01"),
    "file_as_table": ("select * from '/etc/passwd'", "42P01"),
    "no_column": ("select nothing from core.acts", "42703"),
    "no_function": ("select nothing(1)", "42883"),
    "value": ("select cast(name as int) from core.authority_years", "22000"),
}


def connect(address, **options):
    """Opens a connection of psycopg as analysts do."""
    return psycopg.connect(f"{address}?user={USER}", autocommit=True, **options)


def connected(check):
    """Turns a check of a connection into one that opens it."""

    def run(lake, _, address):
        with connect(address) as connection:
            check(lake, connection)

    return run


def all_of(schema, view, connection):
    """Returns a query of all rows of a view in a fixed order."""
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {schema}.{view} limit 0")
        places = ", ".join(str(place + 1) for place in range(len(cursor.description)))
    return f"select * from {schema}.{view} order by {places}"


def rows_agree(schema, view, _, flight, address):
    """PostgreSQL and Flight answer the same rows, with the same names, in text and in binary."""
    with connect(address) as connection, flight_sql.connect(flight) as other:
        sql = all_of(schema, view, connection)
        expected = flight_sql.fetch(other, sql).to_pylist()
        for binary in (False, True):
            cursor = connection.cursor(binary=binary, row_factory=psycopg.rows.dict_row)
            is_equal(cursor.execute(sql).fetchall(), expected)
    assert expected or view in WITHOUT_SAMPLE, "the view is empty"


def told(value):
    """A value such that 1, 1.0, True and 1.00 are four."""
    return type(value).__name__, str(value)


def is_alike(names, rows, flight, sql, parameters=None):
    """Fails unless Flight answers these very names and rows."""
    with flight_sql.connect(flight) as connection:
        table = flight_sql.fetch(connection, sql, parameters)
    is_equal(list(names), table.column_names)
    expected = table.to_pylist()
    assert expected, "the query answers no row"
    for row, wanted in zip(rows, expected, strict=False):
        is_equal(list(map(told, row)), list(map(told, wanted.values())))
    is_equal(len(rows), len(expected))


def parameters_are_bound(_, connection):
    """Parameters of every kind go to their places, in text and in binary."""
    sql = (
        "select count(*) from core.contracts where buyer_siren = %s and notification_date >= %s "
        "and duration_months >= %s and amount_eur > %s"
    )
    given = (BUYER, datetime.date(2019, 1, 1), 12, decimal.Decimal("0.00"))
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        is_equal(cursor.execute(sql, given).fetchone(), (3,))
    forced = "select count(*) from core.contracts where buyer_siren = %b and duration_months >= %b"
    is_equal(connection.execute(forced, (BUYER, 12)).fetchone(), (6,))
    values = (True, 7, 0.25, decimal.Decimal("-1.50"), datetime.date(2025, 2, 28), "a'b", [1, None])
    sql = "select %b::bool, %b::bigint, %b::double precision, %b::decimal(10, 2), %b::date, %b, %b"
    is_equal(connection.execute(sql, values, binary=True).fetchone(), values)
    is_equal(connection.execute("select %s::text", (None,)).fetchone(), (None,))


def prepared_statements_are_kept(_, connection):
    """A statement that the client prepares by itself after some runs answers the same."""
    for number in range(12):
        sql = "select value from generate_series(1, 100) as t where value = %s"
        is_equal(connection.execute(sql, (number + 1,), prepare=True).fetchall(), [(number + 1,)])


def a_server_cursor_gives_rows_by_and_by(_, __, address):
    """A cursor of the server gives rows in parts, with parameters and types."""
    with psycopg.connect(f"{address}?user={USER}") as connection:
        with connection.cursor(name="part", binary=True) as cursor:
            cursor.itersize = 1000
            sql = "select value from generate_series(1, 1000000) as t where value <= %s"
            cursor.execute(sql, (MANY,))
            first = cursor.fetchmany(3)
            is_equal(len(first), 3)
            # In no order.
            is_equal(sum(value for (value,) in [*first, *cursor]), MANY * (MANY + 1) // 2)


def transactions_are_harmless(_, __, address):
    """A client that opens transactions, and nested ones, reads as well."""
    with psycopg.connect(f"{address}?user={USER}") as connection:
        before = connection.execute("select count(*) from core.acts").fetchone()
        try:
            with connection.transaction():
                connection.execute("select nothing")
        except psycopg.errors.UndefinedColumn:
            pass
        is_equal(connection.execute("select count(*) from core.acts").fetchone(), before)
        connection.rollback()


def copy_out(_, connection):
    """COPY gives a query as CSV, as text and in binary."""
    query = "select value, 'é,' || cast(value as varchar) from generate_series(1, 3) as t"
    with connection.cursor() as cursor:
        with cursor.copy(f"copy ({query}) to stdout (format csv, header)") as copy:
            lines = b"".join(copy).decode().splitlines()
        is_equal(lines[1:], ['1,"é,1"', '2,"é,2"', '3,"é,3"'])
        for form in ("text", "binary"):
            with cursor.copy(f"copy ({query}) to stdout (format {form})") as copy:
                copy.set_types(["int8", "text"])
                is_equal(list(copy.rows()), [(1, "é,1"), (2, "é,2"), (3, "é,3")])
        with cursor.copy(f"copy (select value from generate_series(1, {MANY}) as t) to stdout") as copy:
            is_equal(sum(bytes(part).count(b"\n") for part in copy), MANY)


def cancel_stops_an_answer(_, connection):
    """A cancel ends a query that computes, and the connection goes on."""
    timer = threading.Timer(0.5, connection.cancel_safe)
    timer.start()
    try:
        connection.execute("select count(*) from generate_series(1, 1000000000000) as t")
    except psycopg.errors.QueryCanceled:
        pass
    else:
        raise AssertionError("the query was answered")
    finally:
        timer.join()
    is_equal(connection.execute("select 1").fetchone(), (1,))


def is_refused(case, _, connection):
    """A statement is refused with its code, in the simple and in the extended protocol."""
    sql, code = REFUSED[case]
    for cursor in (psycopg.ClientCursor(connection), connection.cursor()):
        try:
            cursor.execute(sql)
        except psycopg.Error as error:
            is_equal(error.sqlstate, code)
        else:
            raise AssertionError("the statement was answered")
    is_equal(connection.execute("select 1").fetchone(), (1,))


def options_name_a_release(_, __, address):
    """A connection may name the release that it reads."""
    with connect(address, options="-c carnac.release=1") as connection:
        is_equal(connection.execute("show carnac.release").fetchone(), ("1",))


async def by_asyncpg(address, sql):
    """Returns the names and the rows that asyncpg gets."""
    connection = await asyncpg.connect(f"{address}?user={USER}")
    try:
        rows = await connection.fetch(sql)
        return rows[0].keys(), [tuple(row.values()) for row in rows]
    finally:
        await connection.close()


def asyncpg_rows_agree(query, _, flight, address):
    """asyncpg gets the names, the rows and the kinds of values that Flight gives."""
    is_alike(*asyncio.run(by_asyncpg(address, ALIKE[query])), flight, ALIKE[query])


def asyncpg_pool(_, flight, address):
    """A pool of asyncpg answers many queries at a time, and resets its connections."""

    async def ask(pool, number):
        async with pool.acquire() as connection:
            sql = "select value + 1 from generate_series(0, 1000) as t where value = $1"
            return await connection.fetchval(sql, number)

    async def run():
        dsn = f"{address}?user={USER}"
        async with asyncpg.create_pool(dsn, min_size=POOL, max_size=POOL) as pool:
            found = await asyncio.gather(*(ask(pool, number) for number in range(4 * POOL)))
            is_equal(found, [number + 1 for number in range(4 * POOL)])
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(RATES, AUTHORITY)
                is_alike(rows[0].keys(), [row.values() for row in rows], flight, RATES, (AUTHORITY,))
                cursor = await connection.cursor("select value from generate_series(1, 10) as t")
                is_equal([row["value"] for row in await cursor.fetch(4)], [1, 2, 3, 4])

    asyncio.run(run())


@contextlib.contextmanager
def open_pg8000(address):
    """Yields a cursor of pg8000, which shares no code with the other clients."""
    url = urllib.parse.urlsplit(address)
    connection = pg8000.dbapi.connect(user=USER, host=url.hostname, port=url.port, database="carnac")
    try:
        connection.autocommit = True
        yield connection.cursor()
    finally:
        connection.close()


def of_cursor(cursor):
    """Returns the names and the rows of what a cursor was asked last."""
    return [column[0] for column in cursor.description], cursor.fetchall()


def pg8000_rows_agree(query, _, flight, address):
    """pg8000 gets the names, the rows and the kinds of values that Flight gives."""
    with open_pg8000(address) as cursor:
        cursor.execute(ALIKE[query])
        is_alike(*of_cursor(cursor), flight, ALIKE[query])


def pg8000_answers(_, flight, address):
    """pg8000 gets parameters to their places, refusals and lists."""
    with open_pg8000(address) as cursor:
        sql = "select count(*) as n, sum(amount_eur) as total from core.contracts where buyer_siren = "
        cursor.execute(sql + "%s", (BUYER,))
        is_alike(*of_cursor(cursor), flight, sql + "$1", (BUYER,))
        try:
            cursor.execute("select nothing from core.acts")
        except pg8000.dbapi.DatabaseError as error:
            is_equal(error.args[0]["C"], "42703")
        else:
            raise AssertionError("the statement was answered")
        cursor.execute("select array['a', 'b'], true")
        is_equal(list(cursor.fetchone()), [["a", "b"], True])


def catalogue_agrees(_, connection):
    """PostgreSQL's catalogue lists what Flight lists, and nothing else."""
    sql = (
        "select n.nspname, c.relname from pg_catalog.pg_class c "
        "join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2"
    )
    is_equal(connection.execute(sql).fetchall(), all_views())


def checks():
    """Returns (name, check) for all of this file."""
    plain = [
        parameters_are_bound,
        prepared_statements_are_kept,
        copy_out,
        cancel_stops_an_answer,
        catalogue_agrees,
    ]
    yield from ((check.__name__, connected(check)) for check in plain)
    for check in (
        a_server_cursor_gives_rows_by_and_by,
        transactions_are_harmless,
        options_name_a_release,
        asyncpg_pool,
        pg8000_answers,
    ):
        yield check.__name__, check
    for query in ALIKE:
        for check in (asyncpg_rows_agree, pg8000_rows_agree):
            yield f"{check.__name__} {query}", partial(check, query)
    for case in REFUSED:
        yield f"{case} is_refused", connected(partial(is_refused, case))
    for schema in ("indicator", "published"):
        for view in views(schema):
            yield f"rows_agree {schema}.{view}", partial(rows_agree, schema, view)
