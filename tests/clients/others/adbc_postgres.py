"""What the ADBC driver of PostgreSQL gets: by COPY in binary, its default, and without.

The driver knows the types by the names of their functions in pg_type; decimals it gives as text.
"""

import decimal
import importlib.metadata
import threading
from functools import partial
from operator import itemgetter

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
import pyarrow.compute as pc

from flight_sql import is_equal, names
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
    column_names,
    counted,
    expected,
    is_refused,
    places,
    rows_of,
    wanted,
)

COPY = "adbc.postgresql.use_copy"
PLAIN = {
    "buyer_name": pa.string(),
    "notification_date": pa.date32(),
    "duration_months": pa.int64(),
}


def version():
    """The version of the driver."""
    return importlib.metadata.version("adbc-driver-postgresql")


def connect(place, token=None):
    """Opens a connection with a token as the password."""
    address = place.postgres.replace("://", f"://{USER}:{token or place.token}@")
    return driver.connect(address, autocommit=True)


def connected(check):
    """Turns a check of a connection into one that opens it."""

    def run(place):
        with connect(place) as connection:
            check(place, connection)

    return run


def fetch(connection, sql, parameters=None, copy=True):
    """Returns the answer of one query as an Arrow table."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{COPY: str(copy).lower()})
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def values(table, like):
    """The rows of an answer, with the decimals that the driver gives as text."""
    kinds = like.schema.types
    return [
        tuple(
            decimal.Decimal(value) if pa.types.is_decimal(kind) and value is not None else value
            for value, kind in zip(row, kinds, strict=True)
        )
        for row in rows_of(table)
    ]


def rows_agree(query, copy, place, connection):
    """The rows are those of `carnac query`."""
    like = expected(place.lake, QUERIES[query])
    agree(values(fetch(connection, QUERIES[query], copy=copy), like), wanted(place.lake, query))


def types_are_native(place, connection):
    """Text, integers, fractions, truth, days and moments have their own types of Arrow."""
    kinds = fetch(connection, QUERIES["literals"]).schema.types[:-1]
    is_equal(kinds, expected(place.lake, QUERIES["literals"]).schema.types[:-1])


def parameters_are_bound(place, connection):
    """Text, date and integer go to their places."""
    found = fetch(connection, places(COUNT_WHERE), GIVEN)
    is_equal(rows_of(found), [(counted(place.lake),)])


def each_kind_comes_back(index, _, connection):
    """A parameter of one kind comes back as it was sent."""
    kind = ("varchar", "bigint", "date", "decimal(10, 2)", "timestamp")[index]
    table = fetch(connection, f"select cast($1 as {kind}) as a", (ECHOED[index],))
    [[found]] = rows_of(table)
    sent = ECHOED[index]
    is_equal(decimal.Decimal(found) if isinstance(sent, decimal.Decimal) else found, sent)


def null_is_bound(_, connection):
    """NULL is NULL in every place."""
    found = fetch(connection, places(ECHO), (None,) * len(ECHOED))
    is_equal(rows_of(found), [(None,) * len(ECHOED)])


def error_leaves_the_connection(_, connection):
    """A wrong query has its SQLSTATE, and the next one is answered."""
    try:
        fetch(connection, NO_COLUMN)
    except adbc_driver_manager.Error as error:
        is_equal(error.sqlstate, "42703")
    else:
        raise AssertionError("the query was answered")
    is_equal(rows_of(fetch(connection, "select 1 as a")), [(1,)])


def big_answer_arrives(copy, _, connection):
    """A big answer arrives whole."""
    table = fetch(connection, BIG, copy=copy)
    sums = (
        table.num_rows,
        pc.sum(table["value"]).as_py(),
        pc.sum(pc.utf8_length(table["label"])).as_py(),
    )
    is_equal(sums, big_sums())


def batches_come_one_by_one(_, connection):
    """A big answer can be read by batches of a size that the client chooses."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": "65536"})
        cursor.execute(BIG)
        sizes = [batch.num_rows for batch in cursor.fetch_record_batch()]
    is_equal(sum(sizes), big_sums()[0])
    assert len(sizes) > 3, f"the batches have {sizes} rows"


def cancel_stops_a_query(_, connection):
    """A cancel ends a query that computes, and the connection goes on."""
    with connection.cursor() as cursor:
        timer = threading.Timer(0.5, cursor.adbc_cancel)
        timer.start()
        try:
            cursor.execute(ENDLESS)
            cursor.fetchall()
        except adbc_driver_manager.Error as error:
            is_equal(error.sqlstate, "57014")
        else:
            raise AssertionError("the query was answered")
        finally:
            timer.join()
    is_equal(rows_of(fetch(connection, "select 1 as a")), [(1,)])


def transaction_is_harmless(place):
    """A client that opens transactions reads as well, after an error in one too."""
    address = place.postgres.replace("://", f"://{USER}:{place.token}@")
    with driver.connect(address) as connection:
        is_refused(lambda: fetch(connection, NO_COLUMN), adbc_driver_manager.Error, words=("nothing",))
        connection.rollback()
        is_equal(rows_of(fetch(connection, "select 1 as a")), [(1,)])
        connection.commit()


def token_is_refused(place):
    """A token of no lake is refused."""
    is_refused(lambda: connect(place, WRONG_TOKEN), adbc_driver_manager.OperationalError)


def schemas_are_listed(_, connection):
    """The schemas of an analyst are listed, and no other."""
    [catalog] = connection.adbc_get_objects(depth="db_schemas").read_all().to_pylist()
    is_equal(catalog["catalog_name"], "carnac")
    found = [schema["db_schema_name"] for schema in catalog["catalog_db_schemas"]]
    is_equal(sorted(found), sorted(SCHEMAS))


def tables_are_listed(_, connection):
    """Every view is listed once, and nothing else; a filter of schemas leaves its own."""
    is_equal(names(connection), all_views())
    indicators = [pair for pair in all_views() if pair[0] == "indicator"]
    is_equal(names(connection, db_schema_filter="indicator"), indicators)


def columns_are_listed(place, connection):
    """Every table is listed with the columns of its query, by their places: they come in no order."""
    tree = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    found = {
        (schema["db_schema_name"], table["table_name"]): [
            column["column_name"]
            for column in sorted(table["table_columns"], key=itemgetter("ordinal_position"))
        ]
        for catalog in tree
        for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }
    is_equal(found, {pair: list(column_names(place.lake, *pair)) for pair in all_views()})


def table_schema_is_told(place, connection):
    """The schema of a table is told: the names of its query, and their types."""
    told = connection.adbc_get_table_schema("contracts", db_schema_filter="core")
    is_equal(told.names, list(column_names(place.lake, "core", "contracts")))
    is_equal({name: told.field(name).type for name in PLAIN}, PLAIN)


def answer_schema_is_told(_, connection):
    """A query tells its columns without running."""
    with connection.cursor() as cursor:
        told = cursor.adbc_execute_schema("select siren, decision_date from core.acts")
    is_equal(list(zip(told.names, told.types, strict=True)), [
        ("siren", pa.string()),
        ("decision_date", pa.date32()),
    ])


def checks():
    """Returns (name, check) for all of this file."""
    plain = [
        types_are_native,
        parameters_are_bound,
        null_is_bound,
        error_leaves_the_connection,
        batches_come_one_by_one,
        cancel_stops_a_query,
        schemas_are_listed,
        tables_are_listed,
        columns_are_listed,
        table_schema_is_told,
        answer_schema_is_told,
    ]
    yield "token_is_refused", token_is_refused
    yield "transaction_is_harmless", transaction_is_harmless
    for copy in (True, False):
        way = "copy" if copy else "plain"
        for query in QUERIES:
            yield f"rows_agree {query} {way}", connected(partial(rows_agree, query, copy))
        yield f"big_answer_arrives {way}", connected(partial(big_answer_arrives, copy))
    for index, sent in enumerate(ECHOED):
        name = f"each_kind_comes_back {type(sent).__name__}"
        yield name, connected(partial(each_kind_comes_back, index))
    yield from ((check.__name__, connected(check)) for check in plain)
