"""TPC-H: the 22 queries by Flight SQL, and what DuckDB answers to them from the same rows.

    tpch.py BINARY [SCALE [QUERY ...]]       SCALE 1 is a gigabyte; all 22 unless some are named

A lake holds Carnac's own datasets only. So each TPC-H table is written as the Delta table of one of
them, committed and released as Carnac does that, and two views give it back its name: the queries
are asked as they are, in the schema that is everybody's. The program is as it is built, but for the
folder of those views.

All rows are compared, in their order. What is exact in both, is equal; of an average or a quotient,
a float in DuckDB, the last digit of the decimal may differ.
"""

import decimal
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import deltalake
import duckdb
import duckdb_extension_tpch

from lake import Lake, stop

# As what dataset of Carnac a table is written.
TABLES = {
    "customer": "accounts",
    "lineitem": "acts",
    "nation": "activations",
    "orders": "bids",
    "part": "contracts",
    "partsupp": "consultations",
    "region": "memberships",
    "supplier": "authorities",
}
STAGING = """-- id: staging.{name}
-- title: Table de TPC-H / Table of TPC-H
-- unit: row
-- grain: {column}
select * from lake.{dataset}
"""
PUBLISHED = """-- id: published.{name}
-- title: Table de TPC-H / Table of TPC-H
-- unit: row
-- grain: {column}
-- version: 1, from 2007-01-01
-- definition: une table / a table
-- numerator: aucun / none
-- denominator: aucun / none
-- source: TPC-H / TPC-H
-- freshness: aucune / none
-- caveat: aucun / none
-- disclosure: D0
select * from staging.{name}
"""
BATCH = 1 << 17
# Of two floats, against the larger.
TOLERANCE = 1e-9


def generate(scale):
    """Returns DuckDB with the tables of a scale."""
    engine = duckdb.connect()
    [extension] = Path(duckdb_extension_tpch.__file__).parent.rglob("*.duckdb_extension")
    engine.execute(f"load '{extension}'")
    engine.execute(f"call dbgen(sf = {scale})")
    return engine


def prove(table):
    """States in the only commit of a table what it holds, as Carnac does in its own."""
    [commit] = (table / "_delta_log").glob("*.json")
    lines = commit.read_text().splitlines()
    actions = [json.loads(line) for line in lines]
    added = [line for line, action in zip(lines, actions, strict=True) if "add" in action]
    rows = sum(json.loads(json.loads(line)["add"]["stats"])["numRecords"] for line in added)
    text = "".join(f"{line}\n" for line in sorted(added))
    proof = {"adds": len(added), "removes": 0, "rows": rows, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    for place, action in enumerate(actions):
        if "commitInfo" in action:
            action["commitInfo"]["carnac"] = proof
            lines[place] = json.dumps(action)
    commit.write_text("\n".join(lines) + "\n")


def release(root):
    """Publishes version 0 of every table, in a record sealed as Carnac's are."""
    record = {
        "id": 1,
        "published_at": "1970-01-01T00:00:00Z",
        "run_date": "1998-12-31",
        "tables": dict.fromkeys(TABLES.values(), 0),
        "inputs": {},
        "code": "tpch",
    }
    text = json.dumps(record).removesuffix("}")
    seal = hashlib.sha256(text.encode()).hexdigest()
    (root / "releases").mkdir()
    (root / "releases" / "00000001.json").write_text(f'{text},\n  "sha256": "{seal}"\n}}')


def land(engine, root):
    """Writes the tables and their release."""
    for name, dataset in TABLES.items():
        table = root / "tables" / dataset
        deltalake.write_deltalake(table, engine.execute(f"from {name}").to_arrow_reader(BATCH))
        prove(table)
    release(root)


def define(engine, folder):
    """Writes the views by which the tables have their names."""
    for layer, text in (("staging", STAGING), ("published", PUBLISHED)):
        (folder / layer).mkdir(parents=True)
        for name, dataset in TABLES.items():
            [column, *_] = engine.execute(f"from {name} limit 0").description
            view = text.format(name=name, dataset=dataset, column=column[0])
            (folder / layer / f"{name}.sql").write_text(view)


def is_same(ours, theirs):
    """Whether two values are equal, quotients nearly."""
    if isinstance(ours, decimal.Decimal) and isinstance(theirs, float):
        last = decimal.Decimal(1).scaleb(ours.as_tuple().exponent)
        return abs(ours - decimal.Decimal(theirs)) <= last
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) <= TOLERANCE * max(abs(ours), abs(theirs))
    return ours == theirs and isinstance(ours, float) == isinstance(theirs, float)


def difference(ours, theirs):
    """Returns what differs, or nothing."""
    if len(ours) != len(theirs):
        return f"{len(ours)} rows and {len(theirs)}"
    for one, other in zip(ours, theirs, strict=True):
        if len(one) != len(other) or not all(map(is_same, one, other)):
            return f"{one!r} and {other!r}"
    return None if ours else "no rows"


def ask(connection, engine, number, sql):
    """Asks both for one query; returns whether they agree."""
    theirs = engine.execute(sql).fetchall()
    start = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            ours = cursor.fetchall()
    except flight_sql.Error as error:
        print(f"FAULT Q{number:02}: refused: {error}", flush=True)
        return False
    took = time.monotonic() - start
    differs = difference(ours, theirs)
    if differs:
        print(f"FAULT Q{number:02}: {differs} (server and DuckDB)", flush=True)
        return False
    print(f"Q{number:02}: {len(ours)} rows as DuckDB's, {took:.2f} s", flush=True)
    return True


def run(lake, engine, views, wanted):
    """Asks the queries; returns the exit status."""
    queries = engine.execute("from tpch_queries()").fetchall()
    queries = [(number, sql) for number, sql in queries if not wanted or number in wanted]
    server, [address] = lake.start_with(["grpc://"], "--sql", str(views))
    try:
        with flight_sql.connect(address, autocommit=True) as connection:
            right = sum(ask(connection, engine, number, sql) for number, sql in queries)
    finally:
        status = stop(server)
    print(f"TPC-H: {right} of {len(queries)} answers are DuckDB's")
    return 0 if right == len(queries) > 0 and status == 0 else 1


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, scale, *wanted = [*sys.argv[1:], *(["1"] if len(sys.argv) == 2 else [])]
    engine = generate(float(scale))
    with tempfile.TemporaryDirectory(prefix="carnac-tpch-") as folder:
        lake = Lake(Path(binary).resolve(), Path(folder) / "lake")
        land(engine, lake.root)
        define(engine, Path(folder) / "sql")
        status = run(lake, engine, Path(folder) / "sql", set(map(int, wanted)))
    sys.exit(status)


if __name__ == "__main__":
    main()
