"""What a query must answer, told from another query of the same server: NoREC and TLP.

    logic.py BINARY [COUNT [SEED]]

NoREC: as many rows pass a filter as the predicate is true for, counted without a filter. TLP: the
rows of a query are those for which a predicate is true, those for which it is false, and those for
which it is NULL, put together; so are its sums, extremes and counts, its groups under HAVING, and
its distinct rows. Random predicates over random tables and joins, the same for the same seed.
"""

import random

import psycopg

from generate import Source
from served import main
from tables import USER, Tally, difference, tables

COUNT = 10_000
NAMES = (
    "core.acts",
    "core.answers",
    "core.bids",
    "core.consultations",
    "core.contracts",
    "core.cost_lines",
    "core.memberships",
    "core.reported",
    "cube.acts",
    "cube.unit_costs",
    "cube.unit_savings",
    "indicator.enablers",
    "indicator.act_structure_by_subject",
    "catalog.indicators",
)


def parts(predicate):
    """Returns the three predicates of which every row passes one."""
    return predicate, f"not ({predicate})", f"({predicate}) is null"


def three(select, source, word, predicate, end=""):
    """Returns the three queries of the parts, put together."""
    form = "{} from {} {} {}{}"
    return " union all ".join(form.format(select, source, word, part, end) for part in parts(predicate))


def norec(source):
    """A filter, and the sum of its predicate."""
    predicate = source.predicates.any()
    return (
        f"select count(*) from {source.text} where {predicate}",
        f"select coalesce(sum(case when {predicate} then 1 else 0 end), 0) from {source.text}",
    )


def rows(source):
    """All rows, and those of the three parts."""
    select = "select " + ", ".join(column.name for column in source.some())
    return f"{select} from {source.text}", three(select, source.text, "where", source.predicates.any())


def filtered(source):
    """The rows under a filter, and those of its three parts under it."""
    select = "select " + ", ".join(column.name for column in source.some())
    text = f"(select * from {source.text.split(' as a')[0]}) as a" if " join " not in source.text else source.text
    base, predicate = source.predicates.any(1), source.predicates.any()
    split = " union all ".join(f"{select} from {text} where ({base}) and ({part})" for part in parts(predicate))
    return f"{select} from {source.text} where {base}", split


def aggregate(source):
    """Sums, extremes and counts, and those of the three parts put together."""
    found = source.aggregates()
    named = ", ".join(f"{call} as c{place}" for place, call in enumerate(found))
    outer = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}
    again = ", ".join(f"{outer[call.split('(')[0]]}(c{place})" for place, call in enumerate(found))
    split = three(f"select {named}", source.text, "where", source.predicates.any())
    return f"select {', '.join(found)} from {source.text}", f"select {again} from ({split}) as t"


def grouped(source):
    """Counts by group, and the counts of the parts by group."""
    names = [column.name for column in source.some(most=2)]
    keys = ", ".join(f"{name} as k{place}" for place, name in enumerate(names))
    places = ", ".join(f"k{place}" for place in range(len(names)))
    split = three(f"select {keys}, count(*) as n", source.text, "where", source.predicates.any(), f" group by {', '.join(names)}")
    whole = f"select {keys}, count(*) as n from {source.text} group by {', '.join(names)}"
    return whole, f"select {places}, sum(n) from ({split}) as t group by {places}"


def having(source):
    """All groups, and those of the three parts of a predicate of groups."""
    names = [column.name for column in source.some(most=2)]
    predicate = of_group(source)
    select, end = f"select {', '.join(names)}, count(*)", f"group by {', '.join(names)}"
    split = three(select, f"{source.text} {end}", "having", predicate)
    return f"{select} from {source.text} {end}", split


def of_group(source):
    """Draws a predicate of a group: of a column's extreme, or of how many rows it has."""
    draw = source.draw
    column = draw.choice([column for column in source.columns if column.kind != "bool"])
    extreme = f"{draw.choice(('min', 'max'))}({column.name})"
    compared = f"{extreme} {draw.choice(('<', '>=', '='))} {source.predicates.value(column)}"
    return draw.choice(
        (compared, f"count({column.name}) > {draw.randint(0, 5)} and {compared}", f"not ({compared}) or count(*) % 2 = 0")
    )


def distinct(source):
    """The distinct rows, and those of the three parts."""
    select = ", ".join(column.name for column in source.some())
    split = three(f"select {select}", source.text, "where", source.predicates.any())
    split = split.replace(" union all ", " union ")
    return f"select distinct {select} from {source.text}", split


FORMS = (norec, norec, norec, rows, filtered, aggregate, grouped, having, distinct)


def answer(connection, sql):
    """Returns the rows of a query."""
    return connection.execute(sql.encode(), binary=True).fetchall()


def one(connection, found, draw, place, tally):
    """Asks one pair of queries."""
    form = draw.choice(FORMS)
    pair = form(Source(draw, found))
    try:
        left, right = (answer(connection, sql) for sql in pair)
    except psycopg.Error as error:
        tally.count(form.__name__, True)
        tally.fault(place, form.__name__, f"refused: {error.sqlstate} {error}", *pair)
        return
    tally.count(form.__name__, left and any(value not in (0, None) for value in left[0]))
    differs = difference(left, right)
    if differs:
        tally.fault(place, form.__name__, differs, *pair)


def run(_, address, count, seed):
    """Asks so many pairs; returns the exit status."""
    tally = Tally("logic", seed)
    with psycopg.connect(f"{address}?user={USER}", autocommit=True, prepare_threshold=None) as connection:
        found = tables(connection, NAMES)
        for place in range(count):
            # A pair can be asked again without those before it.
            one(connection, found, random.Random(f"{seed}/{place}"), place, tally)
    return tally.end()


if __name__ == "__main__":
    main("logic", __doc__, COUNT, run)
