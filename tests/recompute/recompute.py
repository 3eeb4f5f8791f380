"""Computes indicators a second time, by DuckDB from the Parquet files, and compares to the last digit.

    make recompute       builds the program; DuckDB is that of tests/clients/requirements.txt

Three refreshes of a growing inbox make three releases. Of each, the files of every table are taken
from the release record and the Delta log, not from the program; figures.sql has the definitions.
"""

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).parent
SCALE = os.environ.get("CARNAC_RECOMPUTE_SCALE", "10")
RUN_DATE = "2026-06-30"
# The last year of the files that each refresh finds in the inbox.
LAST_YEARS = (2019, 2023, 2026)
VIEWS = {
    "A01": "online_tenders",
    "A02": "online_tender_rate",
    "A03": "electronic_reply_rate",
    "A04": "electronic_bid_rate",
    "A05": "electronic_bids_per_tender",
    "A06": "tenders_with_electronic_bid",
    "A08": "act_transmission_rate",
    "A09": "act_transmission_rate_by_nature",
    "A10": "act_structure_by_subject",
    "A13": "signed_flow_rate",
    "B01": "membership_rate",
    "B03": "active_accounts",
}
TABLES = ("acts", "authorities", "bids", "consultations", "flows", "memberships", "reported", "sessions")


def run(carnac, *arguments):
    done = subprocess.run([carnac, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"carnac {arguments[:4]}: {done.stderr}"
    return done.stdout


def deliver(synthetic, inbox, last_year):
    """Puts the files up to a year into the inbox; the second time one is corrected."""
    for file in sorted(synthetic.glob("*/*-synthetic*.csv")):
        year = file.stem.rsplit("-", 1)[1]
        if file.parent.name != "answers" and (not year.isdigit() or int(year) <= last_year):
            (inbox / file.parent.name).mkdir(exist_ok=True)
            shutil.copy(file, inbox / file.parent.name)
    if last_year > LAST_YEARS[0]:
        corrected = inbox / "acts" / "acts-synthetic-2015.csv"
        header, *rows = corrected.read_text().splitlines(keepends=True)
        corrected.write_text(header + "".join(row for place, row in enumerate(rows) if place % 10))


def files(table, version):
    """The data files of a version, from the commits up to it."""
    there = set()
    for commit in range(version + 1):
        for line in (table / "_delta_log" / f"{commit:020}.json").read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                there.add(action["add"]["path"])
            if "remove" in action:
                there.discard(action["remove"]["path"])
    return [str(table / path) for path in sorted(there)]


def recompute(lake, release):
    """Returns the rows of every indicator, by identifier."""
    record = json.loads((lake / "releases" / f"{release:08}.json").read_text())
    assert "act_messages" not in record["tables"], "figures.sql knows no messages"
    load = duckdb.connect()
    load.execute(f"create table run_day as select date '{record['run_date']}' as run_day")
    for table in TABLES:
        read = files(lake / "tables" / table, record["tables"][table])
        load.execute(
            f"create view {table} as select * from read_parquet({read}, hive_partitioning = true, "
            "hive_types = {'period': varchar})"
        )
    load.execute((HERE / "figures.sql").read_text())
    return {name: rows(load.execute(f'from "{name}"')) for name in VIEWS}


def rows(answer):
    names = [column[0] for column in answer.description]
    return keyed(dict(zip(names, row)) for row in answer.fetchall())


def keyed(found):
    """Rows by authority, period and item; the value of a rate is the quotient of its two sums."""
    by_key = {}
    for row in found:
        numerator, denominator, value = (number(row.get(name)) for name in ("numerator", "denominator", "value"))
        if "value" not in row:
            value = numerator / denominator if denominator else None
        key = (row["siren"], row["period"], row.get("item"))
        assert key not in by_key, f"two rows of {key}"
        by_key[key] = (numerator, denominator, value, row["status"])
    return by_key


def number(value):
    if value is None or value == "":
        return None
    return float(value) if "." in str(value) or "e" in str(value) else int(value)


def compare(name, theirs, ours):
    """Prints the first rows that differ, and returns how many do."""
    wrong = [key for key in sorted(theirs.keys() | ours.keys(), key=str) if theirs.get(key) != ours.get(key)]
    for key in wrong[:5]:
        print(f"  {name} {key}: carnac {ours.get(key)}, DuckDB {theirs.get(key)}")
    return len(wrong)


def main():
    carnac = str(pathlib.Path(sys.argv[1]).resolve())
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lake, inbox, synthetic = folder / "lake", folder / "inbox", folder / "synthetic"
        run(carnac, "sample", "--scale", SCALE, "--out", str(synthetic))
        shutil.copytree(HERE.parents[1] / "data-samples" / "authorities", inbox / "authorities")
        before = {}
        for release, last_year in enumerate(LAST_YEARS, start=1):
            deliver(synthetic, inbox, last_year)
            run(carnac, "--root", str(lake), "refresh", "--inbox", str(inbox), "--run-date", RUN_DATE)
        for release in range(1, len(LAST_YEARS) + 1):
            theirs = recompute(lake, release)
            for name, view in VIEWS.items():
                query = f"select * from indicator.{view}"
                text = run(carnac, "--root", str(lake), "query", query, "--release", str(release), "--format", "csv")
                ours = keyed(csv.DictReader(io.StringIO(text)))
                wrong = compare(name, theirs[name], ours)
                changed = sum(before.get((name, key)) != row for key, row in ours.items())
                print(f"release {release}  {name}  {len(ours):6} figures, {changed:6} new or changed, {wrong} differ")
                assert ours, f"{name} has no figures"
                before.update({(name, key): row for key, row in ours.items()})
                different += wrong
    print(f"{different} figures differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
