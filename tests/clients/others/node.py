"""What the clients `pg` and `postgres` of Node.js get: node/*.cjs asks, and this compares.

Their moments have milliseconds, and `pg` has no cancel but the limit of the server.
"""

import json
import os
import shutil
from functools import partial
from pathlib import Path

from outside import (
    Program,
    big_answer_arrives,
    is_stopped,
    rows_agree,
    shared_checks,
    tables_are_listed,
)
from flight_sql import is_equal

HERE = Path(__file__).parent / "node"
KINDS = ["String", "String", "Number", "String", "Number", "Boolean", "Date", "Date", "String"]
CALLS = 40


def modules():
    """The folder that the packages are installed in, which the runner names."""
    return Path(os.environ.get("CARNAC_NODE_MODULES", "absent"))


def missing(package):
    """Why a package cannot be run, or None."""
    if not shutil.which("node"):
        return "there is no program node"
    if not (modules() / package / "package.json").exists():
        return f"the package {package} is not installed"
    return None


def version(package):
    """The version that is installed."""
    return json.loads((modules() / package / "package.json").read_text())["version"]


def program(package):
    """The program that asks through a package."""
    extra = (("NODE_PATH", str(modules())),)
    return Program(("node", HERE / f"{package}.cjs"), "${}", extra)


def named_is_kept(_, found):
    """A named statement is prepared once and answers each of its parameters."""
    is_equal(found, ["2", "3", "4"])


def checks(package):
    """Returns (name, check) for one package."""
    of = program(package)
    yield from shared_checks(of, KINDS, CALLS, digits=3)
    yield "tables_are_listed", of.check("tables", tables_are_listed)
    yield "cursor_gives_parts", of.check("big", partial(big_answer_arrives, batch=1000))
    if package == "pg":
        yield "rows_agree binary", of.check("rows literals binary", rows_agree, "literals", 3)
        yield "named_is_kept", of.check("named", named_is_kept)
        yield "time_limit is_stopped", of.check("timed_out", is_stopped)
    else:
        yield "cancel is_stopped", of.check("cancelled", is_stopped)
