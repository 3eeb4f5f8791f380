"""What dbt gets: `debug`, and `test` of a source: two tests that must pass, and one that must not."""

import json
import os
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from flight_sql import is_equal
from lake import ENVIRONMENT
from typed import WRONG_TOKEN

PROJECT = Path(__file__).parent / "dbt"
PASSING = ("amounts_are_positive", "source_not_null_core_contracts_contract_id")
# The commands, and how the checks of each begin.
COMMANDS = {"debug": "(debug_connects|token_is_refused)$", "test": "tests_tell$"}
FAILING = "source_not_null_core_contracts_amount_eur"


def program():
    """The program, in the environment of its own that the runner names."""
    return Path(os.environ.get("CARNAC_DBT_VENV", "absent")) / "bin" / "dbt"


def missing():
    """Why dbt cannot be run, or None."""
    return None if program().exists() else "dbt-core and dbt-postgres are not installed"


def version():
    """The versions that are installed."""
    code = "import importlib.metadata as m; print(m.version('dbt-core'), 'postgres', m.version('dbt-postgres'))"
    python = program().parent / "python"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def run(place, command, folder, token=None):
    """Runs one command of dbt, which keeps what it writes in a folder."""
    url = urllib.parse.urlsplit(place.postgres)
    return subprocess.run(
        [program(), "--no-use-colors", "--no-version-check", command],
        env={
            **ENVIRONMENT,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(folder),
            "DBT_LOG_PATH": str(folder),
            "LAKE_HOST": url.hostname,
            "LAKE_PORT": str(url.port),
            "LAKE_TOKEN": token or place.token,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def debug_connects(place):
    """`dbt debug` finds its profile and its project, and connects."""
    with tempfile.TemporaryDirectory(prefix="carnac-dbt-") as folder:
        done = run(place, "debug", folder)
    assert "Connection test: [OK connection ok]" in done.stdout, done.stdout + done.stderr
    is_equal(done.returncode, 0)


def token_is_refused(place):
    """`dbt debug` does not connect with a token of no lake."""
    with tempfile.TemporaryDirectory(prefix="carnac-dbt-") as folder:
        done = run(place, "debug", folder, WRONG_TOKEN)
    is_equal(done.returncode, 1)
    assert "the token is refused" in done.stdout, done.stdout


def tests_tell(place):
    """`dbt test` passes what holds, and counts the rows that break what does not."""
    with tempfile.TemporaryDirectory(prefix="carnac-dbt-") as folder:
        done = run(place, "test", folder)
        results = Path(folder) / "run_results.json"
        assert results.exists(), done.stdout + done.stderr
        told = json.loads(results.read_text())["results"]
    found = {result["unique_id"].split(".")[2]: (result["status"], result["failures"]) for result in told}
    broken = place.lake.value("select count(*) from core.contracts where amount_eur is null")
    assert broken > 0, "no contract lacks its amount"
    is_equal(found, {**{name: ("pass", 0) for name in PASSING}, FAILING: ("fail", broken)})
    is_equal(done.returncode, 1)


def checks():
    """Returns (name, check) for all of this file."""
    for check in (debug_connects, token_is_refused, tests_tell):
        yield check.__name__, check
