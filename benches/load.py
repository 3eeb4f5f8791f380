"""The checked load of a large CSV beside DuckDB's unchecked one, on the same file, in one run.

    make load            builds the program, installs DuckDB of tests/clients/requirements.txt

Prints seconds, CPU seconds and peak memory of both. What DuckDB does: read the CSV with types it
guesses and write Parquet by year. What Carnac does: check every value, find copies and corrections
over the whole file, keep what it rejects, sort, write Delta by year, audit, publish a release.
"""

import datetime
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROWS = int(os.environ.get("CARNAC_LOAD_ROWS", 15_500_000))
DUCKDB = """
import duckdb, sys
load = duckdb.connect()
load.execute(f"set threads = {sys.argv[3]}")
load.execute(f"copy (select *, year(date_decision) as period from read_csv('{sys.argv[1]}', delim = ';')) "
             f"to '{sys.argv[2]}' (format parquet, partition_by (period))")
"""


def is_siren(text):
    digits = [int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(text))]
    return sum(d // 10 + d % 10 for d in digits) % 10 == 0


def write_acts(path):
    """The acts of `benches/main.rs`: 500 authorities, ten years, in no order of either."""
    sirens = [s for n in range(20_000) if is_siren(s := f"21{3_500_000 + n:07}")][:499] + ["213502388"]
    first = datetime.date(2015, 1, 1)
    days = [(first + datetime.timedelta(day)).isoformat() for day in range(3650)]
    with open(path, "w") as file:
        file.write("id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n")
        for row in range(ROWS):
            siren, day = sirens[row % 500], days[row * 2_654_435_761 % 2**64 % 3650]
            nature = row % 6 + 1
            file.write(
                f"035-{siren}-{row}-{nature};{siren};{nature};{row % 9 + 1}.{row % 4 + 1};{day};{day};4;0\n"
            )


def measure(name, command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The peak is of all children so far: the smaller one must come first.
    peak = after.ru_maxrss // 1024
    print(f"{name:8} {seconds:7.2f} s  {cpu:7.2f} CPU s  peak {peak:5} MB  {ROWS / seconds:12,.0f} rows/s")
    return seconds


def main():
    carnac = sys.argv[1]
    cores = str(os.cpu_count())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "acts").mkdir()
        acts = folder / "acts" / "acts.csv"
        write_acts(acts)
        print(f"{acts.stat().st_size / 1e9:.2f} GB of CSV, {ROWS:,} rows, {cores} cores")
        ours = measure("carnac", [carnac, "--root", str(folder / "lake"), "ingest", str(acts)])
        theirs = measure(
            "duckdb", [sys.executable, "-c", DUCKDB, str(acts), str(folder / "duckdb"), cores]
        )
        print(f"carnac takes {ours / theirs:.2f} times as long")


if __name__ == "__main__":
    main()
