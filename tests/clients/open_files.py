"""The tables as files: any engine that reads Parquet or Delta reads them."""

from functools import partial

import duckdb
import polars
from deltalake import DeltaTable

from lake import DATASETS

TABLES = {f"lake.{name}": f"tables/{name}" for name in DATASETS} | {"ops.quarantine": "quarantine"}

READERS = {
    "parquet": "read_parquet(?)",
    "csv": "read_csv(?, all_varchar = true)",
    "json": "read_json(?)",
}


def active_files(folder):
    """Returns the Parquet files of the newest version of a Delta table."""
    return DeltaTable(folder).file_uris()


def duckdb_rows(folder):
    """Reads the active files of a table with DuckDB; the partition column stays text."""
    sql = "from read_parquet(?, hive_partitioning = true, hive_types_autocast = false)"
    return duckdb.sql(sql, params=[active_files(folder)])


def counts_agree(table, lake):
    """DuckDB on the active files and Polars on the table count what the binary counts."""
    folder = lake.root / TABLES[table]
    by_duckdb = duckdb_rows(folder).aggregate("count(*)").fetchall()[0][0]
    by_polars = polars.scan_delta(str(folder)).select(polars.len()).collect().item()
    by_carnac = lake.value(f"select count(*) from {table}")
    assert by_carnac > 0, "the table is empty"
    assert by_duckdb == by_polars == by_carnac, f"{by_duckdb=} {by_polars=} {by_carnac=}"


def rows_agree(table, lake):
    """DuckDB and Polars read the very rows that the binary answers."""
    folder = lake.root / TABLES[table]
    expected = polars.from_arrow(lake.query(f"select * from {table}"))
    columns = expected.columns
    expected = expected.sort(columns)
    by_polars = polars.read_delta(str(folder)).select(columns).sort(columns)
    by_duckdb = duckdb_rows(folder).pl().select(columns).sort(columns)
    assert by_polars.equals(expected), "Polars reads other rows"
    assert by_duckdb.equals(expected), "DuckDB reads other rows"


def replaced_files_stay(lake):
    """The lake has a replaced file on disk, so that only the Delta log tells the rows."""
    folder = lake.root / "tables" / "acts"
    assert DeltaTable(folder).version() > 1, "nothing was replaced"
    assert len(list(folder.rglob("*.parquet"))) > len(active_files(folder)), "no file was replaced"


def exports_agree(lake):
    """DuckDB reads the Parquet, CSV and JSON that `carnac query --output` writes."""
    sql = "select siren, period, numerator, value from indicator.act_transmission_rate"
    expected = sorted(map(str, lake.query(sql).to_pylist()))
    for form, reader in READERS.items():
        file = lake.root / f"export.{form}"
        lake.run("query", sql, "--format", form, "--output", file)
        typed = "siren, period, numerator::bigint as numerator, value::double as value"
        rows = duckdb.sql(f"select {typed} from {reader}", params=[str(file)]).to_arrow_table()
        file.unlink()
        assert sorted(map(str, rows.to_pylist())) == expected, f"{form} holds other rows"


def checks():
    """Returns (name, check) for all of this file."""
    yield "replaced_files_stay", replaced_files_stay
    for table in TABLES:
        yield f"counts_agree {table}", partial(counts_agree, table)
    for table in TABLES:
        yield f"rows_agree {table}", partial(rows_agree, table)
    yield "exports_agree", exports_agree
