"""What every client is asked for, what it must answer, and how answers are compared.

A program of another language writes each value as text; `read` makes it a value again by the type that
the column has in the answer of `carnac query`, so that rows are compared as values.
"""

import datetime
import decimal
import functools

import pyarrow as pa

from lake import all_views

USER = "reader"
BUYER = "242900074"
# Of the right form and of no lake.
WRONG_TOKEN = "carnac_000000000000_" + "0" * 48

QUERIES = {
    # Text, integers of both widths, fraction, truth, day, moment to the microsecond, decimal: the second
    # row has the smallest, the third is NULL.
    "literals": (
        "select * from (values "
        "(1, 'é « à » \"\\', cast(1 as int), cast(9007199254740993 as bigint), cast(0.25 as double), true, "
        "date '2025-02-28', cast('2025-02-28 13:45:06.789012' as timestamp), cast(-1.50 as decimal(10, 2))), "
        "(2, '', cast(-2147483648 as int), cast(-9223372036854775808 as bigint), cast(-1.5 as double), false, "
        "date '1969-12-31', cast('1999-12-31 23:59:59' as timestamp), cast(12345678.90 as decimal(10, 2))), "
        "(3, null, null, null, null, null, null, null, null)) "
        "as t (id, label, small, big, ratio, flag, day, moment, amount) order by id"
    ),
    "contracts": (
        "select contract_id, buyer_name, object, notification_date, published_date, duration_months, "
        "amount_eur from core.contracts order by contract_id, sequence, amount_eur, object limit 400"
    ),
    "rates": (
        "select siren, period, numerator, denominator, value, status "
        "from indicator.act_transmission_rate order by siren, period limit 400"
    ),
    "authorities": "select siren, period, name from core.authority_years order by siren, period limit 400",
}
MANY = 25_000
BIG = f"select value, 'row ' || cast(value as varchar) as label from generate_series(1, {MANY}) as t"
ENDLESS = "select count(*) from generate_series(1, 1000000000000) as t"
TABLES = (
    "select table_schema, table_name from information_schema.tables "
    "where table_schema <> 'information_schema' order by 1, 2"
)

# The places of parameters are written as each client wants them.
COUNT_WHERE = (
    "select count(*) as n from core.contracts where buyer_siren = {} and notification_date >= {} "
    "and duration_months >= {}"
)
ECHO = (
    "select cast({} as varchar) as a, cast({} as bigint) as b, cast({} as date) as c, "
    "cast({} as decimal(10, 2)) as d, cast({} as timestamp) as e"
)
GIVEN = (BUYER, datetime.date(2019, 1, 1), 12)
ECHOED = (
    "l'été",
    9007199254740993,
    datetime.date(2025, 2, 28),
    decimal.Decimal("-1.50"),
    datetime.datetime(2025, 2, 28, 13, 45, 6),
)

NO_COLUMN = "select nothing from core.acts"


def places(sql, style="${}"):
    """Writes the places of the parameters of a query: `$1, $2`, or `?`."""
    count = sql.count("{}")
    return sql.format(*(style.format(place + 1) for place in range(count)))


@functools.cache
def expected(lake, sql):
    """The answer of `carnac query`, with moments in microseconds as PostgreSQL has them."""
    table = lake.query(sql)
    fields = [
        pa.field(field.name, pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type)
        for field in table.schema
    ]
    table = table.cast(pa.schema(fields))
    assert table.num_rows > 0, "the query answers no row"
    return table


def rows_of(table):
    """The rows of a table as tuples of values."""
    return [tuple(row.values()) for row in table.to_pylist()]


def wanted(lake, query):
    """The rows that every client must get for one of QUERIES."""
    return rows_of(expected(lake, QUERIES[query]))


def read(text, kind):
    """Makes a value of its text, by the type of its column."""
    if text is None or pa.types.is_string(kind):
        return text
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[text]
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_floating(kind):
        return float(text)
    if pa.types.is_date(kind):
        return datetime.date.fromisoformat(text.removesuffix("T00:00:00.000"))
    if pa.types.is_timestamp(kind):
        return datetime.datetime.fromisoformat(text)
    return decimal.Decimal(text)


def read_rows(rows, table):
    """Makes rows of texts rows of values, by the types of a table."""
    return [
        tuple(read(text, kind) for text, kind in zip(row, table.schema.types, strict=True)) for row in rows
    ]


def agree(found, rows):
    """Fails with the first row that differs; decimals must have the same digits after the point."""
    for place, (left, right) in enumerate(zip(found, rows, strict=False)):
        assert list(map(shown, left)) == list(map(shown, right)), (
            f"row {place + 1} is {left!r}, want {right!r}"
        )
    assert len(found) == len(rows), f"got {len(found)} rows, want {len(rows)}"


def shown(value):
    """A value such that 1, 1.0, True and 1.00 are four."""
    return type(value).__name__, str(value)


def counted(lake):
    """What the query with parameters must count."""
    siren, day, months = GIVEN
    count = lake.value(COUNT_WHERE.format(f"'{siren}'", f"date '{day}'", months))
    assert count > 0, "the query with parameters counts nothing"
    return count


def big_sums():
    """Rows of BIG, the sum of their numbers, and the length of all their texts."""
    length = sum(len(f"row {value}") for value in range(1, MANY + 1))
    return MANY, MANY * (MANY + 1) // 2, length


def columns(lake):
    """Every (schema, table, column) that a client must list, in the order of the tables' queries."""
    return [
        (schema, table, column)
        for schema, table in all_views()
        for column in column_names(lake, schema, table)
    ]


@functools.cache
def column_names(lake, schema, table):
    """The columns of a view, as `carnac query` answers it."""
    return tuple(lake.query(f"select * from {schema}.{table} limit 0").column_names)


def is_refused(call, *kinds, words=("token",)):
    """Expects one of these errors, whose text has these words."""
    try:
        found = call()
    except kinds as error:
        text = str(error)
        assert all(word in text for word in words), f"the message is {text!r}"
        return
    raise AssertionError(f"the call was answered: {found!r}")
