"""What a client of Arrow Flight SQL gets through ADBC: lists, rows, types, parameters."""

import datetime
import decimal
from functools import partial

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc

from lake import SCHEMAS, all_views, views

BUYER = "242900074"
MILLION = 1_000_000
DECIMALS = {"decimal128(18, 2)", "decimal128(22, 6)", "decimal128(10, 2)"}
PLAIN = {"string", "int32", "int64", "double", "bool", "date32[day]"} | DECIMALS
# The samples have no accounts, no activations, no flows, and no answers on these.
WITHOUT_SAMPLE = {
    "active_accounts",
    "adoption_cohorts",
    "drivers",
    "obstacles",
    "publications",
    "rejected_acts",
    "scanned_publications",
    "signed_flow_rate",
    "time_to_first_use",
    "unpublished_acts",
}


def connect(address):
    """Opens a connection as analysts do."""
    return flight_sql.connect(address, autocommit=True)


def connected(check):
    """Turns a check of a connection into one that opens it."""

    def run(lake, address):
        with connect(address) as connection:
            check(lake, connection)

    return run


def fetch(connection, sql, parameters=None):
    """Returns the answer of one query as an Arrow table."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def value(connection, sql, parameters=None):
    """Returns the one value of an answer."""
    [row] = fetch(connection, sql, parameters).to_pylist()
    [value] = row.values()
    return value


def is_equal(found, expected):
    """Fails with both sides unless they are equal."""
    assert found == expected, f"got {found!r}, want {expected!r}"


def get_objects(connection, depth, **filters):
    """Returns the tree of catalogues."""
    return connection.adbc_get_objects(depth=depth, **filters).read_all().to_pylist()


def listed(connection, depth="tables", **filters):
    """Returns (schema, table, columns) of every table listed, as often as it is listed."""
    return [
        (schema["db_schema_name"], table["table_name"], table["table_columns"])
        for catalog in get_objects(connection, depth, **filters)
        for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    ]


def names(connection, **filters):
    """Returns (schema, table) of every table listed, in order."""
    return sorted((schema, table) for schema, table, _ in listed(connection, **filters))


def catalogs_are_listed(_, connection):
    """There is one catalogue."""
    found = get_objects(connection, "catalogs")
    is_equal([catalog["catalog_name"] for catalog in found], ["carnac"])


def schemas_are_listed(_, connection):
    """The schemas of an analyst are listed, and no other."""
    found = get_objects(connection, "db_schemas")
    is_equal(
        [
            (catalog["catalog_name"], schema["db_schema_name"])
            for catalog in found
            for schema in catalog["catalog_db_schemas"]
        ],
        [("carnac", schema) for schema in SCHEMAS],
    )


def tables_are_listed(_, connection):
    """Every view of the source tree is listed once, and nothing else."""
    is_equal(names(connection), all_views())


def columns_are_listed(_, connection):
    """Every table is listed with the columns, in order, that a query of it answers."""
    for schema, table, columns in listed(connection, "all"):
        answered = fetch(connection, f"select * from {schema}.{table} limit 0").column_names
        is_equal([column["column_name"] for column in columns], answered)
        positions = [column["ordinal_position"] for column in columns]
        is_equal(positions, list(range(1, len(answered) + 1)))


def filters_are_kept(_, connection):
    """Patterns on schema, table, column and type leave what they match."""
    is_equal(
        names(connection, db_schema_filter="indic%"),
        [("indicator", view) for view in views("indicator")],
    )
    is_equal(
        names(connection, table_name_filter="act_"), [("core", "acts"), ("cube", "acts")]
    )
    is_equal(
        names(connection, table_name_filter="act%"),
        [pair for pair in all_views() if pair[1].startswith("act")],
    )
    is_equal(
        names(connection, db_schema_filter="core", table_name_filter="bids"), [("core", "bids")]
    )
    is_equal(names(connection, catalog_filter="carnac"), all_views())
    is_equal(names(connection, catalog_filter="other"), [])
    is_equal(names(connection, table_name_filter="absent"), [])
    tables = [pair for pair in all_views() if pair[0] == "catalog"]
    views_only = [pair for pair in all_views() if pair not in tables]
    is_equal(names(connection, table_types_filter=["VIEW"]), views_only)
    is_equal(names(connection, table_types_filter=["TABLE"]), tables)


def columns_are_filtered(_, connection):
    """A pattern on columns leaves those that it matches."""
    filters = {"db_schema_filter": "core", "column_name_filter": "%_eur"}
    found = [
        (table, column["column_name"])
        for _, table, columns in listed(connection, "all", **filters)
        for column in columns
    ]
    costs = [("cost_lines", f"cost_{bound}_eur") for bound in ("low", "mid", "high")]
    money = [("contracts", "amount_eur"), *costs, ("expenses", "actual_eur"), ("flows", "amount_eur")]
    is_equal(found, money)


def information_schema_agrees(_, connection):
    """The information schema names no table of a layer that the principal may not see."""
    sql = (
        "select table_schema, table_name from information_schema.tables "
        "where table_schema <> 'information_schema' order by 1, 2"
    )
    is_equal([tuple(row.values()) for row in fetch(connection, sql).to_pylist()], all_views())


def table_types_are_listed(_, connection):
    """The types of tables are listed."""
    is_equal(sorted(connection.adbc_get_table_types()), ["TABLE", "VIEW"])


def table_schema_is_told(_, connection):
    """The schema of a table is told before a query, and is that of its answer."""
    for schema, table in all_views():
        told = connection.adbc_get_table_schema(
            table, catalog_filter="carnac", db_schema_filter=schema
        )
        answered = fetch(connection, f"select * from {schema}.{table} limit 0").schema
        is_equal(told, answered)


def answer_schema_is_told(_, connection):
    """A prepared query tells its columns without running."""
    with connection.cursor() as cursor:
        told = cursor.adbc_execute_schema("select siren, decision_date from core.acts")
    is_equal(told, pa.schema([("siren", pa.string()), ("decision_date", pa.date32())]))


def info_is_told(_, connection):
    """The server says its name and version."""
    info = connection.adbc_get_info()
    is_equal(info["vendor_name"], "Carnac")
    assert info["vendor_version"], "the version is empty"


def parameter_types_are_told(_, connection):
    """A prepared query tells the types of its parameters, in order."""
    sql = (
        "select count(*) from core.contracts where buyer_siren = $1 and notification_date >= $2 "
        "and duration_months >= $3 and amount_eur > $4"
    )
    with connection.cursor() as cursor:
        told = cursor.adbc_prepare(sql)
    is_equal(told.types, [pa.string(), pa.date32(), pa.int64(), pa.decimal128(18, 2)])


def runs_twice(column, operator, parameters, lake, connection):
    """One prepared query, run twice, answers what the same query with literals answers."""
    found = []
    with connection.cursor() as cursor:
        for parameter in parameters:
            cursor.execute(
                f"select count(*) from core.contracts where {column} {operator} $1", [parameter]
            )
            found.append(cursor.fetchone()[0])
    literals = [
        str(parameter) if isinstance(parameter, int | decimal.Decimal) else f"'{parameter}'"
        for parameter in parameters
    ]
    sql = "select count(*) from core.contracts where {} {} {}"
    is_equal(found, [lake.value(sql.format(column, operator, literal)) for literal in literals])
    assert found[0] != found[1] and all(found), f"the parameters do not tell: {found}"


def several_parameters_run(_, connection):
    """Parameters of several types go to their places, also when one is used twice."""
    sql = (
        "select count(*) from core.contracts where buyer_siren = $1 and notification_date >= $2 "
        "and duration_months >= $3 and $1 = buyer_siren"
    )
    is_equal(value(connection, sql, [BUYER, datetime.date(2019, 1, 1), 12]), 3)
    is_equal(value(connection, sql, [BUYER, datetime.date(2000, 1, 1), 0]), 10)


def no_row_has_a_schema(_, connection):
    """An answer without rows has its columns."""
    sql = "select contract_id, amount_eur from core.contracts where buyer_siren = $1"
    found = fetch(connection, sql, ["absent"])
    is_equal(found.num_rows, 0)
    is_equal(
        found.schema,
        pa.schema([("contract_id", pa.string()), ("amount_eur", pa.decimal128(18, 2))]),
    )


def null_is_bound(_, connection):
    """NULL equals nothing, and is NULL."""
    equal = "select count(*) from core.contracts where {} = $1"
    for column in ("buyer_siren", "notification_date", "duration_months"):
        is_equal(value(connection, equal.format(column), [None]), 0)
    is_equal(
        value(connection, "select count(*) from core.memberships where $1 is null", [None]), 20
    )
    is_equal(value(connection, "select coalesce(cast($1 as bigint), -1)", [None]), -1)


def parameter_is_an_answer(_, connection):
    """A parameter that stands alone has the type of its value."""
    for parameter in ("text", 3, datetime.date(2025, 1, 2)):
        is_equal(value(connection, "select $1 as a", [parameter]), parameter)


def parameters_are_counted(_, connection):
    """Too few or too many parameters are refused."""
    for parameters in ([], [BUYER, BUYER]):
        try:
            found = value(
                connection, "select count(*) from core.contracts where buyer_siren = $1", parameters
            )
        except adbc_driver_manager.ProgrammingError as error:
            assert "parameter" in str(error), error
        else:
            raise AssertionError(
                f"{len(parameters)} parameters for one place were answered: {found}"
            )


def million_rows_arrive(_, connection):
    """A million rows arrive, with their values and types."""
    table = fetch(
        connection,
        "select value as id, 'row ' || cast(value as varchar) as label, value % 2 = 0 as is_even, "
        "cast(value as decimal(18, 2)) as amount, cast(value as double) / 4 as quarter, "
        "date '2000-01-01' + cast(value % 1000 as int) as day "
        f"from generate_series(1, {MILLION})",
    )
    total = MILLION * (MILLION + 1) // 2
    is_equal(table.num_rows, MILLION)
    is_equal(pc.sum(table["id"]).as_py(), total)
    is_equal(pc.sum(table["amount"]).as_py(), decimal.Decimal(total))
    is_equal(pc.sum(table["quarter"]).as_py(), total / 4)
    is_equal(pc.sum(table["is_even"]).as_py(), MILLION // 2)
    is_equal(pc.count_distinct(table["label"]).as_py(), MILLION)
    is_equal(
        pc.min_max(table["day"]).as_py(),
        {"min": datetime.date(2000, 1, 1), "max": datetime.date(2002, 9, 26)},
    )
    expected = [
        pa.int64(),
        pa.string(),
        pa.bool_(),
        pa.decimal128(18, 2),
        pa.float64(),
        pa.date32(),
    ]
    is_equal(table.schema.types, expected)


def types_are_plain(_, connection):
    """Text is plain text, money decimal, days dates: in every column of every table."""
    fields = [
        field
        for schema, table in all_views()
        for field in fetch(connection, f"select * from {schema}.{table} limit 5").schema
    ]
    money = {pa.decimal128(18, 2), pa.decimal128(22, 6)}
    is_equal({str(field.type) for field in fields} - PLAIN, set())
    for end, wanted in {"_eur": money, "_date": {pa.date32()}, "siren": {pa.string()}}.items():
        is_equal({field.type for field in fields if field.name.endswith(end)}, wanted)


def rows_agree(schema, view, lake, connection):
    """Flight and the command line answer the same rows."""
    width = len(fetch(connection, f"select * from {schema}.{view} limit 0").schema)
    places = ", ".join(str(place) for place in range(1, width + 1))
    sql = f"select * from {schema}.{view} order by {places}"
    found, expected = fetch(connection, sql), lake.query(sql)
    assert expected.num_rows > 0 or view in WITHOUT_SAMPLE, "the view is empty"
    is_equal(found.schema, expected.schema)
    assert found.equals(expected), "the rows differ"


def checks():
    """Returns (name, check) for all of this file."""
    plain = [
        catalogs_are_listed,
        schemas_are_listed,
        tables_are_listed,
        columns_are_listed,
        filters_are_kept,
        columns_are_filtered,
        information_schema_agrees,
        table_types_are_listed,
        table_schema_is_told,
        answer_schema_is_told,
        info_is_told,
        parameter_types_are_told,
        several_parameters_run,
        no_row_has_a_schema,
        null_is_bound,
        parameter_is_an_answer,
        parameters_are_counted,
        million_rows_arrive,
        types_are_plain,
    ]
    yield from ((check.__name__, connected(check)) for check in plain)
    dates = [datetime.date(2018, 1, 1), datetime.date(2019, 1, 1)]
    amounts = [decimal.Decimal("1000.00"), decimal.Decimal("100000.00")]
    twice = [
        ("string", "buyer_siren", "=", [BUYER, "200013183"]),
        ("int", "duration_months", ">=", [1, 24]),
        ("date", "notification_date", ">=", dates),
        ("decimal", "amount_eur", ">=", amounts),
    ]
    for name, *arguments in twice:
        yield f"runs_twice {name}", connected(partial(runs_twice, *arguments))
    for schema in ("indicator", "published"):
        for view in views(schema):
            yield f"rows_agree {schema}.{view}", connected(partial(rows_agree, schema, view))
