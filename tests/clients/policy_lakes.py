"""Lakes of the samples: one of all authorities, and for each of some one that holds its rows only.

The lakes of one authority are the oracle: who may see its own rows alone must be told by the lake
of all what the lake of its own tells.
"""

import contextlib
import json
import shutil
from dataclasses import dataclass, field

from asking import DOORS
from lake import SQL, Lake, stop

SAMPLES = SQL.parent / "data-samples"
KEY = SAMPLES / "cle-de-demonstration-publique.txt"
RUN_DATE = "2026-06-30"

# A grouping and a commune that have rows in most tables, and a third that has what breaks probes.
GROUPING, COMMUNE, THIRD = "242900074", "213500515", "213502388"
AUTHORITIES = (GROUPING, COMMUNE)
CODES = {GROUPING: "242900074", COMMUNE: "35051"}
# A commune's own rows name its grouping.
GROUPING_OF = {COMMUNE: "243500139"}

# The year of rows that only this file lands, by authority: their numbers and values do no harm,
# those of the third are no number, no pattern, a zero, and too large a number.
YEAR = "2023"
ACTS = {GROUPING: ("1", "2"), COMMUNE: ("3", "4"), THIRD: ("canari", "[")}
VALUES = {GROUPING: (4, 2), COMMUNE: (3, 1), THIRD: (0, 999_999_999)}
VARIABLES = ("ACT_TOT", "PLI_TOT")
CANARY = "canari"
# Neither of the two answered the survey of the samples: they do so in the place of others.
ANSWERED_BY = {b"21220060400016": b"24290007400012", b"21220116400010": b"21350051500019"}


def canaries(sirens):
    """Returns the files of the second release, by dataset."""
    acts = ["id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n"]
    reported = ["siren;annee;variable;modalite;valeur;statut;vague\n"]
    for siren in sirens:
        acts += [f"{act};{siren};1;7.10;{YEAR}-01-02;{YEAR}-01-03;4;0\n" for act in ACTS[siren]]
        reported += [
            f"{siren};{YEAR};{variable};;{value};réponse;{YEAR}\n"
            for variable, value in zip(VARIABLES, VALUES[siren], strict=True)
        ]
    return {"acts": "".join(acts), "reported": "".join(reported)}


def buyer(contract):
    """Returns the SIREN of who made a contract."""
    who = contract.get("acheteur") or contract.get("autoriteConcedante") or {}
    return who.get("id", "")[:9]


def cut_authorities(entries, siren):
    """Leaves an authority, its grouping without other members, and the bare geography.

    Where a postal code lies is public, and asked for every contract: communes keep their places,
    and lose the SIREN that makes them authorities.
    """
    if "membres" not in entries[0]:
        own = CODES[siren]
        return [entry if entry["code"] == own else without_siren(entry) for entry in entries]
    kept = [entry for entry in entries if entry["code"] in (siren, GROUPING_OF.get(siren))]
    for entry in kept:
        entry["membres"] = [member for member in entry["membres"] if member["siren"] == siren]
    return kept


def without_siren(entry):
    """Returns an entry of the official geography as the editions before 2023 have it."""
    return {name: value for name, value in entry.items() if name != "siren"}


def cut_contracts(content, siren):
    """Leaves the contracts of an authority; returns nothing when there are none."""
    market = content["marches"]
    parts = market if isinstance(market, dict) else {"": market}
    left = {
        name: [contract for contract in part if buyer(contract) == siren]
        for name, part in parts.items()
    }
    if not any(left.values()):
        return None
    return {"marches": left if isinstance(market, dict) else left[""]}


def sample(file):
    """Returns the content of a sample, in which two of those who answered are ours."""
    content = file.read_bytes()
    if file.parent.name == "answers":
        for theirs, ours in ANSWERED_BY.items():
            content = content.replace(theirs, ours)
    return content


def cut_lines(content, siren):
    """Leaves the header and the rows of an authority; returns nothing when there are none."""
    header, *rows = content.splitlines(keepends=True)
    rows = [row for row in rows if siren.encode() in row]
    return b"".join([header, *rows]) if rows else None


def cut(file, siren):
    """Returns what a sample holds of an authority, nothing when that is no row."""
    if file.parent.name not in ("authorities", "contracts") or file.suffix == ".csv":
        return cut_lines(sample(file), siren)
    whole = json.loads(file.read_bytes())
    cutter = cut_contracts if file.parent.name == "contracts" else cut_authorities
    left = cutter(whole, siren)
    return json.dumps(left, ensure_ascii=False).encode() if left else None


# What says nothing of any authority goes to every lake whole.
WHOLE = ("cost_parameters", "profiles", "scenarios", "successors")


def land(lake, siren=None):
    """Lands the samples, of one authority or all, then the rows that break probes: two releases."""
    inbox = lake.root / "inbox"
    for file in sorted(SAMPLES.glob("*/*")):
        is_whole = siren is None or file.parent.name in WHOLE
        content = sample(file) if is_whole else cut(file, siren)
        if content is not None:
            target = inbox / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    refresh = ("--pseudonym-key-file", KEY, "refresh", "--run-date", RUN_DATE)
    lake.run(*refresh)
    for dataset, text in canaries([siren] if siren else list(ACTS)).items():
        (inbox / dataset / f"{YEAR}.csv").write_text(text, encoding="utf-8")
    lake.run(*refresh)
    return lake


@dataclass
class Served:
    """A lake that is served, its tokens and the connections to it."""

    lake: Lake
    addresses: list
    tokens: dict = field(default_factory=dict)
    doors: dict = field(default_factory=dict)

    def token(self, siren):
        """Returns the token of an authority, the same every time."""
        if siren not in self.tokens:
            self.tokens[siren] = self.new_token(siren)
        return self.tokens[siren]

    def new_token(self, siren):
        """Returns a token of an authority that nobody else has."""
        return self.lake.run("token", "create", f"authority:{siren}").decode().strip()

    def door(self, name, siren=None, release=None):
        """Returns the connection of an authority, or of an analyst, to a door."""
        key = (name, siren, release)
        if key not in self.doors:
            token = self.token(siren) if siren else None
            self.doors[key] = DOORS[name](self.addresses, token, release)
        return self.doors[key]


@dataclass(eq=False)
class Place:
    """The lake of all, and those of one authority each."""

    whole: Served
    alone: dict


@contextlib.contextmanager
def served(lake):
    """Serves a lake at all doors while the block runs."""
    server, addresses = lake.start_both()
    place = Served(lake, addresses)
    try:
        yield place
    finally:
        for door in place.doors.values():
            door.close()
        status = stop(server)
    assert status == 0, f"the server ended with {status}"


@contextlib.contextmanager
def opened(lake):
    """Yields the served lakes, made by the binary of this lake."""
    folder = lake.root.parent / "policy"
    roots = {None: folder / "whole"} | {siren: folder / siren for siren in AUTHORITIES}
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        places = {}
        for siren, root in roots.items():
            root.mkdir(parents=True)
            places[siren] = stack.enter_context(served(land(Lake(lake.binary, root), siren)))
        yield Place(places.pop(None), places)
