"""What the PostgreSQL driver of Java gets: Jdbc.java asks, in both of its modes, and this compares."""

import os
import shutil
import zipfile
from pathlib import Path

from flight_sql import is_equal
from lake import SCHEMAS, views
from outside import Program, is_stopped, shared_checks, tables_are_listed
from typed import columns

JAR = Path(os.environ.get("CARNAC_JDBC_JAR", "/usr/share/java/postgresql.jar"))
KINDS = ["Long", "String", "Integer", "Long", "Double", "Boolean", "Date", "Timestamp", "BigDecimal"]
CALLS = 32
TYPES = {"notification_date": "date", "amount_eur": "numeric", "duration_months": "int8", "object": "text"}


def missing():
    """Why the driver cannot be run, or None."""
    if not shutil.which("java"):
        return "there is no program java"
    if not JAR.exists():
        return "the driver (libpostgresql-jdbc-java) is not installed"
    return None


def version():
    """The version that the driver's archive says."""
    with zipfile.ZipFile(JAR) as archive:
        manifest = archive.read("META-INF/MANIFEST.MF").decode()
    lines = dict(line.split(": ", 1) for line in manifest.splitlines() if ": " in line)
    return lines.get("Implementation-Version") or lines["Bundle-Version"]


def schemas_are_listed(_, found):
    """The schemas of an analyst are listed, and those that PostgreSQL has of itself."""
    own = {"pg_catalog", "information_schema"}
    is_equal(sorted(name for [name] in found if name not in own), sorted(SCHEMAS))


def patterns_are_kept(_, found):
    """Patterns of schema, table and type leave what they match."""
    names = [("indicator", view) for view in views("indicator") if view.startswith("act")]
    is_equal(sorted(map(tuple, found)), names)


def columns_are_listed(place, found):
    """Every column of every view is listed once, in the order of its query."""
    own = {"pg_catalog", "information_schema"}
    listed = [tuple(row) for row in found if row[0] not in own]
    is_equal(sorted(set(listed)), sorted(columns(place.lake)))
    for schema, table in sorted({row[:2] for row in listed}):
        of = [row for row in listed if row[:2] == (schema, table)]
        is_equal(of, [row for row in columns(place.lake) if row[:2] == (schema, table)])


def types_are_listed(_, found):
    """Columns are listed with the types of PostgreSQL."""
    told = dict(map(tuple, found))
    is_equal({name: told.get(name) for name in TYPES}, TYPES)


def type_info_is_told(_, found):
    """The types of answers are told."""
    missing = {"int8", "text", "numeric", "date", "timestamptz"} - {name for [name] in found}
    assert not missing, f"no {missing} in {found}"


def keywords_are_told(_, found):
    """Words that only PostgreSQL reserves are told."""
    [[words]] = found
    assert "limit" in words.split(","), words


def is_empty(_, found):
    """A view has no keys and no indexes: the list is empty, and no error."""
    is_equal(found, [])


def checks():
    """Returns (name, check) for all of this file."""
    # The driver adds the offset of its zone to days and moments, which have none: it must not count.
    zone = (("TZ", "Europe/Paris"),)
    of = Program(("java", "-cp", JAR, Path(__file__).parent / "Jdbc.java"), "?", zone)
    yield from shared_checks(of, KINDS, CALLS, mode=" simple")
    yield from shared_checks(of, KINDS, CALLS, mode=" extended")
    for mode in ("simple", "extended"):
        yield f"cancel is_stopped {mode}", of.check(f"cancelled {mode}", is_stopped)
        yield f"time_limit is_stopped {mode}", of.check(f"timed_out {mode}", is_stopped)
    for name, test in {
        "tables": tables_are_listed,
        "tables_of": patterns_are_kept,
        "schemas": schemas_are_listed,
        "columns": columns_are_listed,
        "types": types_are_listed,
        "type_info": type_info_is_told,
        "keywords": keywords_are_told,
    }.items():
        yield test.__name__, of.check(name, test)
    for name in ("keys", "foreign", "exported", "indexes", "row_identifier", "functions", "own_types"):
        yield f"{name} is_empty", of.check(name, is_empty)
