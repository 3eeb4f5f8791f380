"""What SQLAlchemy gets by flightsql-dbapi.

The dialect writes parameters into the text of a query by itself, and only those that an expression
carries: what is handed over beside a text is NULL to it. Its prepared statements go on with the handle
of before the parameters were bound, which is theirs to mend; here the server must say so and go on.
"""

import concurrent.futures
import importlib.metadata
import math
from functools import partial

import flightsql
import flightsql.sqlalchemy  # the dialect `datafusion+flightsql`
import pandas
import pyarrow as pa
import sqlalchemy
from pyarrow import flight

from flight_sql import is_equal
from lake import SCHEMAS, all_views, views
from typed import (
    BIG,
    BUYER,
    GIVEN,
    NO_COLUMN,
    QUERIES,
    USER,
    WRONG_TOKEN,
    agree,
    big_sums,
    column_names,
    counted,
    expected,
    is_refused,
    rows_of,

    wanted,
)

FAILURES = (flight.FlightError, pa.ArrowException, sqlalchemy.exc.SQLAlchemyError)
CALLS = 20
NATIVE = {
    "object": "TEXT",
    "notification_date": "DATE",
    "amount_eur": "DECIMAL",
    "duration_months": "BIGINT",
}


def version():
    """The versions of the driver and of SQLAlchemy."""
    return f"{importlib.metadata.version('flightsql-dbapi')}, SQLAlchemy {sqlalchemy.__version__}"


def engine(place, token=None, **options):
    """An engine that sends a token with each call."""
    host = place.flight.split("://")[1]
    url = f"datafusion+flightsql://{host}?insecure=True&token={token or place.token}"
    of = sqlalchemy.create_engine(url, **options)
    # The dialect says True, which SQLAlchemy 1.4 takes for bytes, so that typed text fails in the client.
    of.dialect.returns_unicode_strings = sqlalchemy.String.RETURNS_UNICODE
    return of


def connected(check):
    """Turns a check of an engine into one that makes it."""

    def run(place):
        of = engine(place)
        try:
            check(place, of)
        finally:
            of.dispose()

    return run


def ask(of, sql):
    """The rows of a query, whose text has no place for a parameter."""
    with of.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql).fetchall()]


def plain(value, kind):
    """Undoes what pandas makes of NULL, and of days, on the way."""
    if value is None or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pandas.Timestamp):
        moment = value.to_pydatetime(warn=False)
        return moment.date() if pa.types.is_date(kind) else moment
    return value


def rows_agree(query, place, of):
    """The rows are those of `carnac query`."""
    kinds = expected(place.lake, QUERIES[query]).schema.types
    found = [tuple(map(plain, row, kinds)) for row in ask(of, QUERIES[query])]
    agree(found, wanted(place.lake, query))


def contracts(of):
    """The table of contracts as its schema is reflected."""
    return sqlalchemy.Table("contracts", sqlalchemy.MetaData(), schema="core", autoload_with=of)


def expressions_are_bound(place, of):
    """Values of expressions go to their places: text and integer; the dialect has no way to write a date."""
    siren, day, months = GIVEN
    table = contracts(of)
    query = sqlalchemy.select(sqlalchemy.func.count().label("n")).where(
        table.c.buyer_siren == siren,
        table.c.notification_date >= sqlalchemy.literal_column(f"date '{day}'"),
        table.c.duration_months >= months,
    )
    with of.connect() as connection:
        is_equal(connection.execute(query).scalar(), counted(place.lake))


def typed_columns_agree(place, of):
    """Columns of a reflected table, read by their types, are those of `carnac query`."""
    table = contracts(of)
    query = sqlalchemy.select(table.c.buyer_name, table.c.object, table.c.bid_count).where(
        table.c.buyer_siren == BUYER
    )
    with of.connect() as connection:
        found = sorted(tuple(row) for row in connection.execute(query).fetchall())
    sql = f"select buyer_name, object, bid_count from core.contracts where buyer_siren = '{BUYER}'"
    agree(found, sorted(rows_of(place.lake.query(sql))))
    assert found, "the buyer has no contract"


def values_come_back(_, of):
    """Text with a quote, integers and NULL come back as they were sent."""
    for sent in ("l'été", 9007199254740993, None):
        query = sqlalchemy.select(sqlalchemy.literal(sent).label("a"))
        with of.connect() as connection:
            is_equal(connection.execute(query).scalar(), sent)


def lost_parameters_are_told(place):
    """A prepared statement that comes without its parameters is refused, and no row is invented."""
    host, port = place.flight.split("://")[1].split(":")
    client = flightsql.FlightSQLClient(host=host, port=int(port), token=place.token, insecure=True)
    cursor = flightsql.connect(client).cursor()
    sql = "select count(*) as n from core.contracts where buyer_siren = $1"
    is_refused(lambda: cursor.execute(sql, (BUYER,)).fetchall(), *FAILURES, words=("parameter",))
    is_equal(cursor.execute("select 1 as a").fetchall(), [[1]])
    client.close()


def password_is_exchanged(place):
    """A user and a token as the password get the bearer token of the handshake."""
    host, port = place.flight.split("://")[1].split(":")
    named = {"host": host, "port": int(port), "user": USER, "insecure": True}
    client = flightsql.FlightSQLClient(password=place.token, **named)
    is_equal(flightsql.connect(client).cursor().execute("select 1 as a").fetchall(), [[1]])
    client.close()
    is_refused(lambda: flightsql.FlightSQLClient(password=WRONG_TOKEN, **named), *FAILURES)


def token_is_refused(place):
    """A token of no lake is refused."""
    is_refused(lambda: ask(engine(place, WRONG_TOKEN), "select 1 as a"), *FAILURES)


def error_leaves_the_connection(_, of):
    """A wrong query says what is wrong, and the next one on the connection is answered."""
    with of.connect() as connection:
        is_refused(
            lambda: connection.exec_driver_sql(NO_COLUMN), *FAILURES, words=("No field named nothing",)
        )
        is_equal(connection.exec_driver_sql("select 1 as a").scalar(), 1)


def schemas_are_listed(_, of):
    """The schemas of an analyst are listed, and no other."""
    is_equal(sorted(sqlalchemy.inspect(of).get_schema_names()), sorted(SCHEMAS))


def tables_are_listed(_, of):
    """Every view is listed once, in its schema, and nothing else."""
    inspector = sqlalchemy.inspect(of)
    found = [(schema, table) for schema in SCHEMAS for table in inspector.get_table_names(schema)]
    is_equal(found, all_views())
    is_equal([inspector.has_table(name, "core") for name in ("acts", "absent")], [True, False])


def columns_are_listed(place, of):
    """Every view of two schemas is reflected with the columns of its query, and with their types."""
    inspector = sqlalchemy.inspect(of)
    for schema in ("core", "published"):
        for table in views(schema):
            found = [column["name"] for column in inspector.get_columns(table, schema)]
            is_equal(found, list(column_names(place.lake, schema, table)))
    told = {column.name: str(column.type) for column in contracts(of).columns}
    is_equal({name: told.get(name) for name in NATIVE}, NATIVE)


def big_answer_arrives(_, of):
    """A big answer arrives whole, by parts of the client."""
    with of.connect() as connection:
        answer = connection.exec_driver_sql(BIG)
        rows = [row for part in answer.partitions(1000) for row in part]
    sums = (len(rows), sum(value for value, _ in rows), sum(len(label) for _, label in rows))
    is_equal(sums, big_sums())


def pool_answers(place):
    """Each caller of a pool of connections has the answer to its own question."""
    of = engine(place, poolclass=sqlalchemy.pool.QueuePool, pool_size=5)
    try:
        with concurrent.futures.ThreadPoolExecutor(10) as threads:
            sqls = [f"select {number} + 1 as a" for number in range(CALLS)]
            found = list(threads.map(partial(ask, of), sqls))
    finally:
        of.dispose()
    is_equal(found, [[(number + 1,)] for number in range(CALLS)])


def checks():
    """Returns (name, check) for all of this file."""
    for check in (token_is_refused, password_is_exchanged, lost_parameters_are_told, pool_answers):
        yield check.__name__, check
    for query in QUERIES:
        yield f"rows_agree {query}", connected(partial(rows_agree, query))
    for check in (
        expressions_are_bound,
        typed_columns_agree,
        values_come_back,
        error_leaves_the_connection,
        schemas_are_listed,
        tables_are_listed,
        columns_are_listed,
        big_answer_arrives,
    ):
        yield check.__name__, connected(check)
