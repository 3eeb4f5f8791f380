"""Random SQL over tables whose columns are known: predicates, joins, and what is selected.

Only what means the same in every SQL: no division, no rounding, no function of texts, the order of
NULLs always said, every literal with its type. So a query may be asked of another engine as it is.
"""

import datetime
import decimal
from dataclasses import dataclass

COMPARE = ("=", "<>", "<", "<=", ">", ">=")
ORDERED = ("int", "text", "date", "decimal", "double")
NUMBERS = ("int", "decimal", "double")
# What is computed anew at length for every query is asked a tenth as often.
COSTLY = {
    "core.answers",
    "core.contracts",
    "indicator.act_structure_by_subject",
    "indicator.enablers",
    "published.survey_estimates",
}
# As many values has a key by which tables are joined.
NARROW = 10


@dataclass(frozen=True)
class Column:
    """A column: its name, its kind, and some of its values."""

    name: str
    kind: str
    values: tuple

    def of(self, alias):
        """Returns it as that of a table in a query."""
        return Column(f"{alias}.{self.name}", self.kind, self.values)


def literal(kind, value):
    """Returns a value as SQL with its type."""
    if value is None:
        return "null"
    if kind == "bool":
        return "true" if value else "false"
    if kind == "int":
        return str(value) if value >= 0 else f"({value})"
    if kind == "decimal":
        return f"cast('{value}' as decimal(18, 2))"
    if kind == "double":
        return f"cast('{value!r}' as double)"
    text = str(value).replace("'", "''")
    return f"date '{text}'" if kind == "date" else f"'{text}'"


def beside(draw, kind, value):
    """Returns a value that may lie between two of a column."""
    if kind == "int":
        return value + draw.choice((-1, 1))
    if kind == "date":
        return value + datetime.timedelta(days=draw.choice((-1, 1)))
    if kind == "decimal":
        return value.quantize(decimal.Decimal("0.01")) + decimal.Decimal("0.01")
    return value / 2 if kind == "double" else value


class Predicates:
    """Draws predicates over columns."""

    def __init__(self, draw, columns):
        self.draw = draw
        self.columns = columns

    def value(self, column):
        """Draws a literal for a column: mostly one of its values."""
        chosen = self.draw.choice(column.values)
        if self.draw.random() < 0.25:
            chosen = beside(self.draw, column.kind, chosen)
        return literal(column.kind, chosen)

    def operand(self, column):
        """Draws the column, or an expression of it of the same kind."""
        name, chance = column.name, self.draw.random()
        if chance < 0.75:
            return name
        if chance < 0.85:
            return f"coalesce({name}, {self.value(column)})"
        if chance < 0.92:
            return f"case when {name} is null then {self.value(column)} else {name} end"
        if column.kind == "int":
            return self.draw.choice((f"({name} + 1)", f"(2 * {name})", f"(- {name})", f"({name} % 3)"))
        return f"nullif({name}, {self.value(column)})"

    def comparison(self, column):
        """Draws a comparison with a value, or with another column of the kind."""
        others = [other for other in self.columns if other.kind == column.kind]
        sign = self.draw.choice(("=", "<>")) if column.kind == "bool" else self.draw.choice(COMPARE)
        if self.draw.random() < 0.1:
            sign = self.draw.choice(("is distinct from", "is not distinct from"))
        right = self.draw.choice(others).name if self.draw.random() < 0.25 else self.value(column)
        return f"{self.operand(column)} {sign} {right}"

    def among(self, column):
        """Draws membership of a list, in which NULL may be."""
        items = [self.value(column) for _ in range(self.draw.randint(1, 5))]
        if self.draw.random() < 0.15:
            items.append("null")
        return f"{column.name} {self.draw.choice(('in', 'not in'))} ({', '.join(items)})"

    def between(self, column):
        """Draws a range, which may be empty."""
        word = self.draw.choice(("between", "not between"))
        return f"{column.name} {word} {self.value(column)} and {self.value(column)}"

    def like(self, column):
        """Draws a pattern from a value."""
        text = self.draw.choice(column.values).replace("'", "''").replace("\\", "_")
        start = self.draw.randrange(len(text) + 1)
        part = text[start : start + 3].strip("'")
        pattern = self.draw.choice(("{}%", "%{}", "%{}%", "_%{}%", "{}")).format(part)
        return f"{column.name} {self.draw.choice(('like', 'not like'))} '{pattern}'"

    def leaf(self):
        """Draws a predicate without and, or, not."""
        column = self.draw.choice(self.columns)
        chance = self.draw.random()
        if chance < 0.15:
            return f"{column.name} is {self.draw.choice(('', 'not '))}null"
        if column.kind == "bool" and chance < 0.5:
            return self.draw.choice((column.name, f"{column.name} is true", f"{column.name} is not false"))
        if chance < 0.35:
            return self.among(column)
        if column.kind in ORDERED and chance < 0.45:
            return self.between(column)
        if column.kind == "text" and chance < 0.6:
            return self.like(column)
        return self.comparison(column)

    def any(self, depth=3):
        """Draws a predicate of some depth."""
        chance = self.draw.random()
        if depth == 0 or chance < 0.35:
            return self.leaf()
        if chance < 0.5:
            return f"not ({self.any(depth - 1)})"
        if chance < 0.57:
            branches = self.any(depth - 1), self.any(depth - 1)
            return f"case when {self.leaf()} then {branches[0]} when {self.leaf()} then {branches[1]} end"
        return f"({self.any(depth - 1)}) {self.draw.choice(('and', 'or'))} ({self.any(depth - 1)})"


def one_of(draw, tables):
    """Draws the name of a table."""
    names = sorted(tables)
    return draw.choices(names, [1 if name in COSTLY else 10 for name in names])[0]


class Source:
    """What a query reads: a table, or two that are joined, with the columns of both."""

    def __init__(self, draw, tables):
        self.draw = draw
        first = one_of(draw, tables)
        self.columns = [column.of("a") for column in tables[first]]
        self.text = f"{first} as a"
        if draw.random() < 0.45:
            self.join(tables)
        self.predicates = Predicates(draw, self.columns)

    def join(self, tables):
        """Joins a second table on keys of one kind and name; leaves it when there is none."""
        second = one_of(self.draw, tables)
        others = [column.of("b") for column in tables[second]]
        pairs = [
            (left, right)
            for left in self.columns
            for right in others
            if left.kind == right.kind and left.name[2:] == right.name[2:] and left.kind != "bool"
        ]
        keys = [f"{left.name} = {right.name}" for left, right in pairs]
        # A key of few values alone would make a product of most rows.
        narrow = [key for key, pair in zip(keys, pairs) if all(len(each.values) >= NARROW for each in pair)]
        if not narrow:
            return
        on = [self.draw.choice(narrow)]
        on += [key for key in keys if key not in on and self.draw.random() < 0.2]
        kind = self.draw.choice(("join", "left join", "right join", "full join"))
        # Not every engine has a full join by more than equal keys.
        if kind != "full join" and self.draw.random() < 0.3:
            on.append(f"({Predicates(self.draw, others).leaf()})")
        self.text += f" {kind} {second} as b on {' and '.join(on)}"
        self.columns = self.columns + others

    def some(self, kinds=None, most=4):
        """Draws some columns, of these kinds when any are named; there may be none."""
        fitting = [column for column in self.columns if kinds is None or column.kind in kinds]
        return self.draw.sample(fitting, self.draw.randint(1, min(most, len(fitting)))) if fitting else []

    def aggregates(self, kinds=NUMBERS):
        """Draws aggregates whose parts can be put together: sums, extremes and counts."""
        found = ["count(*)"]
        found += [f"sum({column.name})" for column in self.some(kinds, 2)]
        for column in self.some(ORDERED, 2):
            found.append(f"{self.draw.choice(('min', 'max', 'count'))}({column.name})")
        return found
