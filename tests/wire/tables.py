"""The tables that are asked of, and the comparison of rows."""

import collections
import decimal
import math

from generate import Column

USER = "anonymous"
# Of two floats, against the larger.
TOLERANCE = 1e-9
KINDS = {
    "int8": "int",
    "int4": "int",
    "text": "text",
    "date": "date",
    "bool": "bool",
    "numeric": "decimal",
    "float8": "double",
}
SHOWN = 40


def column(connection, table, name, kind):
    """Returns a column with some of its values, or None when it has none."""
    sql = f"select distinct {name} from {table} where {name} is not null order by 1"
    values = [value for (value,) in connection.execute(sql).fetchall()]
    step = max(1, len(values) // SHOWN)
    return Column(name, kind, tuple(values[::step])) if values else None


def columns(connection, table):
    """Returns the columns of a table that have values."""
    described = connection.execute(f"select * from {table} limit 0").description
    named = [(each.name, KINDS[each.type_display.split("(")[0]]) for each in described]
    found = [column(connection, table, name, kind) for name, kind in named]
    return [each for each in found if each]


def tables(connection, names):
    """Returns the columns of every table."""
    return {name: columns(connection, name) for name in names}


def key(value):
    """Returns what a value is sorted by: numbers of every kind alike, but for their last digits."""
    if value is None:
        return (0, "")
    if isinstance(value, float):
        return (1, "nan" if math.isnan(value) else f"{value:.6e}")
    if isinstance(value, int | decimal.Decimal) and not isinstance(value, bool):
        return (1, f"{float(value):.6e}")
    return (2, str(value))


def ordered(rows):
    """Returns rows in an order of their own."""
    return sorted((tuple(row) for row in rows), key=lambda row: tuple(map(key, row)))


def is_near(left, right):
    """Whether two values are equal: floats nearly, all else exactly."""
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def difference(left, right):
    """Returns what differs between two sets of rows, or nothing."""
    if len(left) != len(right):
        return f"{len(left)} rows and {len(right)}"
    if collections.Counter(map(tuple, left)) == collections.Counter(map(tuple, right)):
        return None
    for one, other in zip(ordered(left), ordered(right), strict=True):
        if len(one) != len(other) or not all(map(is_near, one, other)):
            return f"{one!r} and {other!r}"
    return None


class Tally:
    """Counts queries and prints what is wrong."""

    def __init__(self, name, seed):
        self.name = name
        self.seed = seed
        self.asked = {}
        self.wrong = 0
        self.empty = 0

    def count(self, kind, rows):
        """Counts a query of a kind, and whether it had an answer to speak of."""
        self.asked[kind] = self.asked.get(kind, 0) + 1
        self.empty += not rows

    def fault(self, place, kind, why, *texts):
        """Prints a mismatch with its texts."""
        self.wrong += 1
        print(f"FAULT {kind}, seed {self.seed}, query {place}: {why}")
        for text in texts:
            print(f"    {text}")

    def end(self):
        """Prints the sums; returns the exit status."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.asked.items()))
        total = sum(self.asked.values())
        print(f"{self.name}: seed {self.seed}, {total} queries ({kinds}), {self.empty} without rows, {self.wrong} faults")
        return 1 if self.wrong or total == 0 or self.empty > total * 0.6 else 0
