"""What psql shows: its commands of the catalogue, and rows. Nothing is checked where it is not installed."""

import shutil
import subprocess
from functools import partial

from lake import ENVIRONMENT

USER = "anonymous"

# Lists of what there is none of, each by a command.
RARE = "\n".join(
    rf"\d{letters}"
    for letters in "a Ac Af Ao Ap b c C d D dp eu ew es et F Fd Fp Ft l L m o O p P Rp Rs s x X y".split()
)

# A command, and words of its answer.
COMMANDS = {
    "tables": (r"\dt catalog.*", ["indicators", "functions"]),
    "views": (r"\dv indicator.act*", ["act_transmission_rate"]),
    "view": (r"\d core.acts", ["siren", "decision_date", "date"]),
    "money": (r"\d core.contracts", ["amount_eur", "numeric(18,2)"]),
    "all": (r"\d", ["core", "published"]),
    "schemas": (r"\dn", ["core", "indicator", "published"]),
    "databases": (r"\l", ["carnac"]),
    "roles": (r"\du", ["carnac"]),
    "functions": (r"\df", ["0 rows"]),
    "description": (r"\dt+ catalog.*", ["indicators"]),
    "table": (r"\d+ catalog.indicators", ["name", "text"]),
    "types": (r"\dT", ["List of data types"]),
    "rights": (r"\dp core.acts", ["acts", "view"]),
    "sizes": (r"\l+", ["carnac", "pg_default"]),
    "everything of functions": (r"\df+", ["0 rows"]),
    "indexes": (r"\di", ["Did not find any relations."]),
    "rare lists": (RARE, ["(0 rows)"]),
    "connection": (r"\conninfo", ["carnac"]),
    "rows": ("select 1 as a, 'é' as b", ["(1 row)", "é"]),
    "copy": (r"\copy (select 1, 'a') to stdout with csv", ["1,a"]),
    "cursor": (r"\set FETCH_COUNT 10" + "\nselect value from generate_series(1, 25) t", ["25"]),
}


def shows(case, _, __, address):
    """A command answers what it should, and no error."""
    command, words = COMMANDS[case]
    done = subprocess.run(
        ["psql", "--no-psqlrc", f"{address}?user={USER}"],
        input=command + "\n",
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        # What it says of nothing is no row.
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.replace("WARNING: psql major version 15, server major version 16.", "")
    assert "ERROR" not in said and done.returncode == 0, said
    for word in words:
        assert word in said, f"no {word} in {said!r}"


def checks():
    """Returns (name, check) for all of this file, if psql is installed."""
    if shutil.which("psql"):
        for case in COMMANDS:
            yield f"{case} shows", partial(shows, case)
