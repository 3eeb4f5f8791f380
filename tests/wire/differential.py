"""Random queries answered by the server and by DuckDB from the same rows must agree.

    differential.py BINARY [COUNT [SEED]]

DuckDB reads the lake's own Parquet, the files of the release as its record and the Delta log name
them, with the definitions of the four views below written once more. Of three views whose
definitions are long, it reads the rows that `carnac query` answers: those carry decimals and floats.

Asked are filters, groups, joins, windows, and order with a limit. Only what means the same in both
is used: `%` by a positive number but no division (DuckDB's `/` is of floats), no rounding, no average
of decimals (a float there, a decimal here), no function of texts; NULLs are placed by words, limits
have an order of all columns, literals have their types, and texts are compared by their bytes.
Rows are compared in no order but under a limit, floats within 1e-9, all else exactly.
"""

import json
import random
import sys
from pathlib import Path

import duckdb
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "recompute"))

from recompute import files  # noqa: E402

from generate import NUMBERS, ORDERED, Source  # noqa: E402
from served import main  # noqa: E402
from tables import USER, Tally, difference, tables  # noqa: E402

COUNT = 2_000
VIEWS = {
    "core.memberships": "select siren, start_date, end_date from lake.memberships",
    "core.bids": "select bid_id, consultation_id, siren, period, lot as lot_id, mode = 'electronic' as is_electronic, "
    "submitted_date, is_late, is_signed from lake.bids",
    "core.consultations": "select consultation_id, siren, period, published_date, closing_date, "
    "procedure as procedure_code, nature as nature_code, lot_count, status as status_code, "
    "e_reply as e_reply_code, coalesce(closing_date <= date '{day}' and status <> 'cancelled', false) as is_closed "
    "from lake.consultations where status <> 'draft'",
    # The samples have no messages, of which acts may be put together.
    "core.acts": "select act_id, siren, period, nature_code, subject_code, decision_date, acknowledged_date, "
    "status >= 4 and acknowledged_date is not null and not is_cancelled as is_transmitted from lake.acts",
}
# In these the server gives both sides their rows.
GIVEN = ("core.contracts", "core.cost_lines", "published.survey_estimates")
# A column of a view that DuckDB's definition leaves out.
LEFT_OUT = {"core.acts": "subject_level2_code"}


def load(lake):
    """Returns DuckDB with the tables of the newest release."""
    engine = duckdb.connect()
    record = json.loads(max((lake.root / "releases").glob("*.json")).read_text())
    for schema in ("lake", "core", "published"):
        engine.execute(f"create schema {schema}")
    for name, view in VIEWS.items():
        table = name.split(".")[1]
        read = files(lake.root / "tables" / table, record["tables"][table])
        parquet = f"read_parquet({read}, hive_partitioning = true, hive_types = {{'period': varchar}})"
        engine.execute(f"create table lake.{table} as from {parquet}")
        engine.execute(f"create view {name} as {view.format(day=record['run_date'])}")
    for name in GIVEN:
        rows = lake.query(f"select * from {name}")
        engine.register("given", rows)
        engine.execute(f"create table {name} as from given")
    return engine


def where(source):
    """Draws a condition, or none."""
    return f" where {source.predicates.any()}" if source.draw.random() < 0.7 else ""


def names_of(columns):
    """Returns the names of columns as a list of SQL."""
    return ", ".join(column.name for column in columns)


def order(columns, draw):
    """Draws an order of all columns, each with its place of NULLs."""
    ways = ("asc nulls first", "asc nulls last", "desc nulls first", "desc nulls last")
    return ", ".join(f"{column.name} {draw.choice(ways)}" for column in columns)


def filtered(source):
    """Rows under a condition."""
    return f"select {names_of(source.some())} from {source.text}{where(source)}"


def grouped(source):
    """Aggregates of groups, perhaps under a condition of groups."""
    keys = names_of(source.some(most=2))
    found = source.aggregates()
    found += [f"count(distinct {column.name})" for column in source.some(most=1)]
    found += [f"avg({column.name})" for column in source.some(("int", "double"), 1)]
    having = f" having count(*) > {source.draw.randint(0, 4)}" if source.draw.random() < 0.4 else ""
    return f"select {keys}, {', '.join(found)} from {source.text}{where(source)} group by {keys}{having}"


def total(source):
    """Aggregates of all rows, some of them filtered."""
    found = [
        f"{call} filter (where {source.predicates.any(1)})" if source.draw.random() < 0.4 else call
        for call in source.aggregates()
    ]
    return f"select {', '.join(found)} from {source.text}{where(source)}"


def distinct(source):
    """Distinct rows."""
    return f"select distinct {names_of(source.some())} from {source.text}{where(source)}"


def windowed(source):
    """Places, sums and neighbours in parts, by an order in which equal places are equal rows."""
    draw, [number, *_] = source.draw, source.some(("int", "decimal"), 1) or source.some()
    ordering = order(source.columns, draw)
    part = f"partition by {names_of(source.some(most=2))} order by {ordering}"
    calls = [f"row_number() over ({part})", f"rank() over ({part})", f"dense_rank() over ({part})"]
    if number.kind in NUMBERS:
        calls.append(f"sum({number.name}) over ({part} rows between unbounded preceding and current row)")
        calls.append(f"max({number.name}) over ({part} rows between 2 preceding and 1 following)")
    calls += [f"lag({number.name}) over ({part})", f"lead({number.name}, 2) over ({part})"]
    shown = names_of(source.some(most=2))
    # Two of one text would need names of their own.
    return f"select {shown}, {', '.join(draw.sample(calls, 2))} from {source.text}{where(source)}"


def limited(source):
    """The first rows, in an order of all their columns."""
    columns = source.some(ORDERED)
    end = f"limit {source.draw.randint(1, 30)} offset {source.draw.choice((0, 0, 3))}"
    return f"select {names_of(columns)} from {source.text}{where(source)} order by {order(columns, source.draw)} {end}"


def combined(source):
    """Rows of two conditions, put together, in common, or of one alone."""
    select = f"select {names_of(source.some())} from {source.text}"
    word = source.draw.choice(("union", "union all", "intersect", "except"))
    return f"{select} where {source.predicates.any(1)} {word} {select} where {source.predicates.any(1)}"


FORMS = (filtered, filtered, grouped, grouped, total, distinct, windowed, limited, combined)


def compare(kind, ours, theirs):
    """Returns what differs: under a limit the order counts."""
    if kind != "limited":
        return difference(ours, theirs)
    if len(ours) != len(theirs):
        return f"{len(ours)} rows and {len(theirs)}"
    differ = [pair for pair in zip(ours, theirs) if difference(pair[:1], pair[1:])]
    return f"{differ[0][0]!r} and {differ[0][1]!r}" if differ else None


def one(connection, engine, found, draw, place, tally):
    """Asks both for one query."""
    form = draw.choice(FORMS)
    kind, sql = form.__name__, form(Source(draw, found))
    theirs = engine.execute(sql).fetchall()
    tally.count(kind, theirs)
    try:
        ours = connection.execute(sql.encode(), binary=True).fetchall()
    except psycopg.Error as error:
        tally.fault(place, kind, f"refused: {error.sqlstate} {error}", sql)
        return
    differs = compare(kind, ours, theirs)
    if differs:
        tally.fault(place, kind, f"{differs} (server and DuckDB)", sql)


def shared(connection):
    """Returns the columns that both sides have."""
    found = tables(connection, (*VIEWS, *GIVEN))
    return {name: [each for each in columns if each.name != LEFT_OUT.get(name)] for name, columns in found.items()}


def run(lake, address, count, seed):
    """Asks so many queries; returns the exit status."""
    tally = Tally("differential", seed)
    engine = load(lake)
    with psycopg.connect(f"{address}?user={USER}", autocommit=True, prepare_threshold=None) as connection:
        found = shared(connection)
        for place in range(count):
            # A query can be asked again without those before it.
            one(connection, engine, found, random.Random(f"{seed}/{place}"), place, tally)
    return tally.end()


if __name__ == "__main__":
    main("differential", __doc__, COUNT, run)
