"""The one mapping of types under which the three doors are compared.

Every value is put into what PostgreSQL can carry of it, by the Arrow type of its column:

    Arrow                                  PostgreSQL          compared as
    bool                                   bool                bool
    int8, int16, uint8                     int2                int
    int32, uint16                          int4                int
    int64                                  int8                int
    uint32                                 oid                 int
    uint64                                 numeric(20, 0)      int
    halffloat, float                       float4              the number that four bytes hold
    double                                 float8              the number, NaN equal to NaN, -0 not to 0
    decimal of 38 digits or fewer          numeric             digits and scale
    decimal256                             text                digits and scale
    date32, date64                         date                date
    time32, time64                         time                microseconds, the rest cut off
    timestamp                              timestamp(tz)       microseconds since 1970, the rest cut off
    interval, duration                     interval            months, days, microseconds
    binary                                 bytea               bytes
    string, null                           text                text
    list of a plain type                   array of it         list
    list of lists, struct, map             text                text as it is shown

CSV and NDJSON have fewer types, and are read by the Arrow type of the column. CSV holds no list,
struct or map, and NULL and an empty text are one there. NDJSON has NULL for NaN and the infinities.
"""

import datetime
import decimal
import functools
import re
import struct

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
UNITS = {"hour": 3600, "min": 60, "sec": 1}
INTEGERS = {
    pa.int8(): "int2",
    pa.int16(): "int2",
    pa.uint8(): "int2",
    pa.int32(): "int4",
    pa.uint16(): "int4",
    pa.int64(): "int8",
    pa.uint32(): "oid",
    pa.uint64(): "numeric",
}
# Kind of a type, and its name in PostgreSQL.
NAMES = {
    "bool": "bool",
    "single": "float4",
    "double": "float8",
    "date": "date",
    "time": "time",
    "interval": "interval",
    "binary": "bytea",
    "text": "text",
    "shown": "text",
}


def is_list(kind):
    """Whether a type is one of those of lists."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


@functools.cache
def kind_of(kind):
    """Returns how the values of an Arrow type are compared; fails on one that the mapping lacks."""
    of = pa.types
    tests = {
        "bool": of.is_boolean,
        "int": of.is_integer,
        "single": lambda kind: of.is_float16(kind) or of.is_float32(kind),
        "double": of.is_float64,
        "decimal": of.is_decimal,
        "date": of.is_date,
        "time": of.is_time,
        "timestamp": of.is_timestamp,
        "interval": lambda kind: of.is_interval(kind) or of.is_duration(kind),
        "binary": lambda kind: of.is_binary(kind) or of.is_fixed_size_binary(kind),
        "text": lambda kind: of.is_string(kind) or of.is_null(kind),
        "list": lambda kind: is_list(kind) and not of.is_nested(kind.value_type),
        "shown": of.is_nested,
    }
    found = next((name for name, holds in tests.items() if holds(kind)), None)
    assert found, f"the mapping has no {kind}"
    return found


def postgres_name(kind):
    """Returns the name in PostgreSQL of an Arrow type."""
    name = kind_of(kind)
    if name == "int":
        return INTEGERS[kind]
    if name == "decimal":
        return "text" if pa.types.is_decimal256(kind) else "numeric"
    if name == "timestamp":
        return "timestamptz" if kind.tz else "timestamp"
    if name == "list":
        return postgres_name(kind.value_type) + "[]"
    return NAMES[name]


def micros(count, unit):
    """Returns so many units of time as microseconds, the rest cut off."""
    return count * 10**6 // PER_SECOND[unit]


def real(number):
    """Returns what tells one number of eight bytes from another."""
    return repr(float(number))


def single(number):
    """Returns what tells one number of four bytes from another."""
    return repr(struct.unpack("f", struct.pack("f", float(number)))[0])


def shown(value):
    """Returns a nested value as text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return "" if value is None else str(value)


def digits(value):
    """Returns the digits and the scale of a decimal."""
    return decimal.Decimal(value).as_tuple()


def same_in_all(name, kind, value):
    """Maps a value of a kind that every door gives in one and the same Python type."""
    item = {"int": int, "single": single, "double": real, "decimal": digits}.get(name)
    return item(value) if item else value


def of_arrow(scalar):
    """Maps a value of Arrow."""
    kind = scalar.type
    name = kind_of(kind)
    if not scalar.is_valid:
        return None
    if name == "list":
        return [of_arrow(item) for item in scalar.values]
    if name in ("time", "timestamp"):
        return micros(scalar.value, kind.unit)
    if pa.types.is_duration(kind):
        return (0, 0, micros(scalar.value, kind.unit))
    value = scalar.as_py()
    if name == "interval":
        return (value.months, value.days, value.nanoseconds // 1000)
    if name == "shown":
        return shown(dict(value) if pa.types.is_map(kind) else value)
    return same_in_all(name, kind, value)


def since_midnight(value):
    """Returns a time of day as microseconds."""
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond


def since_1970(value):
    """Returns a moment as microseconds."""
    if value.tzinfo:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (value - EPOCH) // datetime.timedelta(microseconds=1)


def of_postgres(kind, value):
    """Maps a value of psycopg, of a column that has this Arrow type elsewhere."""
    if value is None:
        return None
    name = kind_of(kind)
    if name == "list":
        return [of_postgres(kind.value_type, item) for item in value]
    convert = {"time": since_midnight, "timestamp": since_1970}.get(name)
    return convert(value) if convert else same_in_all(name, kind, value)


def interval_of_postgres(text):
    """Reads `1 year 2 mons -3 days -04:05:06.7` as months, days and microseconds."""
    found = {"year": 0, "mon": 0, "day": 0}
    found.update((unit, int(count)) for count, unit in re.findall(r"(-?\d+) (year|mon|day)", text))
    clock = re.search(r"(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?", text)
    sign, hours, minutes, seconds, fraction = clock.groups() if clock else ("", 0, 0, 0, None)
    of_day = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    of_day = of_day * 10**6 + int((fraction or "0").ljust(6, "0"))
    return (found["year"] * 12 + found["mon"], found["day"], -of_day if sign else of_day)


def interval_of_text(text):
    """Reads `14 mons -3 days 4 hours 5.5 secs`, or `PT14.5S`, in the same way."""
    count = {"mon": 0, "day": 0, "hour": 0, "min": 0, "sec": 0}
    span = re.fullmatch(r"(-?)PT?(\d+(?:\.\d+)?)S", text)
    if span:
        count["sec"] = decimal.Decimal(span[1] + span[2])
    for number, unit in re.findall(r"(-?\d+(?:\.\d+)?) (mon|day|hour|min|sec)", text):
        count[unit] = decimal.Decimal(number)
    of_day = sum(count[unit] * seconds for unit, seconds in UNITS.items())
    return (int(count["mon"]), int(count["day"]), int(of_day * 10**6))


def of_text(kind, text):
    """Maps a value that is written: all of CSV, and what is a string in NDJSON."""
    name = kind_of(kind)
    if name == "date":
        return datetime.date.fromisoformat(text[:10])
    if name == "timestamp":
        return since_1970(datetime.datetime.fromisoformat(text))
    if name == "time":
        return since_midnight(datetime.time.fromisoformat(text))
    read = {"interval": interval_of_text, "binary": bytes.fromhex, "bool": {"true": True, "false": False}.get}
    return read[name](text) if name in read else same_in_all(name, kind, text)


def of_csv(kind, text):
    """Maps a value of CSV."""
    return None if text == "" else of_text(kind, text)


def of_json(kind, value):
    """Maps a value of NDJSON, where numbers with a point are read as decimals."""
    if value is None:
        return None
    name = kind_of(kind)
    if name == "list":
        return [of_json(kind.value_type, item) for item in value]
    if name == "shown":
        return shown(value)
    return of_text(kind, value) if isinstance(value, str) else same_in_all(name, kind, value)


def in_csv(value):
    """Returns what CSV can tell of a mapped value."""
    return None if value in ("", b"") else value


def in_json(value):
    """Returns what NDJSON can tell of a mapped value."""
    return None if value in ("nan", "inf", "-inf") else value
