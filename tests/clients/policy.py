"""An authority is told at every door what a lake of its own would tell, and of others nothing."""

import re
from functools import lru_cache, partial

from pyarrow import flight

import raw_flight
from asking import DOORS, Refusal, Rows, of_call, run
from flight_sql import is_equal
from policy_lakes import AUTHORITIES, CANARY, GROUPING_OF, opened
from policy_probes import OF_ITSELF, PROBES, VALUES

__all__ = ["checks", "opened"]

OTHERS = dict(zip(AUTHORITIES, reversed(AUTHORITIES), strict=True))
OWNED = ("core", "cube", "indicator")
REVOKED = {"flight": "UNAUTHENTICATED", "http": "401", "postgres": "28P01"}
# What differs from run to run: numbers of the planner, hints at names that look alike, widths.
CHANGING = re.compile(r"(?<=_)\d+|\n?Did you mean [^?]*\?|(?<= ) +|(?<=-)-+|(?<=─)─+")


def settled(found):
    """Returns an answer without what differs from run to run, its rows in order."""
    if isinstance(found, Refusal):
        return found.code, CHANGING.sub("", found.text)
    rows = [tuple(CHANGING.sub("", str(value)) for value in row) for row in found.rows]
    return found.columns, sorted(rows)


def shown(outcome):
    """Returns the beginning of an outcome."""
    return repr(outcome)[:600]


def asked(sql, siren):
    """Puts the authorities in a probe."""
    return sql.replace("{own}", siren).replace("{other}", OTHERS[siren])


@lru_cache
def secrets(place, siren):
    """Returns the numbers and names of all others that are authorities and have rows."""
    analyst = place.whole.door("http")
    every = analyst.plain("select distinct siren from core.authorities where siren is not null")
    named = analyst.plain(
        "select distinct name from core.authority_years where kind in "
        "('commune', 'CC', 'CA', 'CU', 'METRO') and siren in (select siren from core.acts) "
        f"and siren not in ('{siren}', '{GROUPING_OF.get(siren)}')"
    )
    numbers = {number for (number,) in every.rows} - {siren, GROUPING_OF.get(siren)}
    assert len(numbers) > 1000 and len(named.rows) > 10, (len(numbers), named)
    return numbers, [name for (name,) in named.rows]


def tells_nothing(place, siren, sql, outcome):
    """Fails if an outcome holds the number or the name of another authority that was not asked."""
    numbers, names = secrets(place, siren)
    text = str(outcome)
    told = {run[at : at + 9] for run in re.findall(r"\d{9,}", text) for at in range(len(run) - 8)}
    told = (told & numbers) | {name for name in [*names, CANARY] if name in text}
    told = sorted(word for word in told if word not in sql)
    assert not told, f"{sql} tells {told[:5]}: {shown(outcome)}"


def agree(place, siren, sql, found, wanted):
    """Fails unless both lakes tell the same, and nothing of others."""
    found, wanted = settled(found), settled(wanted)
    assert found == wanted, f"{siren} {sql}: got {shown(found)}, want {shown(wanted)}"
    tells_nothing(place, siren, sql, found)


def both(place, siren, door, release=None):
    """Returns the connections of an authority to the lake of all and to its own."""
    return place.whole.door(door, siren, release), place.alone[siren].door(door, siren, release)


def tells_as_alone(probe, door, place):
    """A probe is told the same by both lakes; one authority asks plain, one prepares it."""
    for siren in AUTHORITIES:
        sql = asked(PROBES[probe], siren)
        whole, alone = both(place, siren, door)
        found = whole.plain(sql) if siren == AUTHORITIES[0] else run(whole.prepare(sql))
        agree(place, siren, sql, found, alone.plain(sql))


def is_told_more(probe, place):
    """An analyst is told otherwise: a probe that would be told anyhow shows nothing."""
    for siren in AUTHORITIES:
        sql = asked(VALUES[probe], siren)
        own = settled(place.whole.door("http", siren).plain(sql))
        assert isinstance(own[0], tuple), f"{sql}: it fails on own rows: {own}"
        assert settled(place.whole.door("http").plain(sql)) != own, f"{sql} tells all the same"


def a_view_is_told_as_alone(door, turn, place):
    """Every view of an authority has the rows of its own lake; a third of them at each door."""
    listed = "select table_schema, table_name from information_schema.tables order by 1, 2"
    seen = 0
    for siren in AUTHORITIES:
        whole, alone = both(place, siren, door)
        views = [view for view in whole.plain(listed).rows if view[0] in OWNED]
        for view in views[turn :: len(DOORS)]:
            condition = OF_ITSELF.get(tuple(view), "true")
            sql = f"select * from {view[0]}.{view[1]} where {condition}"
            found = whole.plain(sql)
            agree(place, siren, sql, found, alone.plain(sql))
            seen += bool(found.rows)
    assert seen > 20, f"{seen} views have rows"


def time_travel_is_told_as_alone(door, place):
    """An earlier release has fewer rows, and those are cut out in the same way."""
    probes = ("direct", "count", "view_over_view", "cast_error_in_case", "explain", "tables")
    for siren in AUTHORITIES:
        counts = set()
        for release in (1, 2):
            whole, alone = both(place, siren, door, release)
            for sql in (asked(PROBES[probe], siren) for probe in probes):
                agree(place, siren, sql, whole.plain(sql), alone.plain(sql))
            counts.add(whole.plain(PROBES["count"]).rows)
        assert len(counts) == 2, f"both releases have {counts} rows"


def a_cursor_tells_as_alone(place):
    """A cursor, and COPY, of PostgreSQL give the same rows, part by part."""
    for siren in AUTHORITIES:
        for probe in ("direct", "self_join", "window", "cast_error", "top_k_error", "own_error"):
            sql = asked(PROBES[probe], siren)
            pairs = both(place, siren, "postgres")
            declare = f"declare part cursor with hold for {sql}"
            for step in (declare, "fetch 3 from part", "move 1 from part", "fetch all from part"):
                found, wanted = (door.plain(step) for door in pairs)
                agree(place, siren, sql, found, wanted)
            for door in pairs:
                door.plain("close all")
            copies = [door.plain(f"copy ({sql}) to stdout (format csv)") for door in pairs]
            agree(place, siren, sql, *copies)


def lists_are_told_as_alone(place):
    """The lists of Flight SQL are the same, with all columns, and name nobody."""
    kinds = ("Catalogs", "DbSchemas", "Tables", "TableTypes", "SqlInfo", "XdbcTypeInfo")
    kinds += ("PrimaryKeys", "ExportedKeys", "ImportedKeys", "CrossReference")
    columns = bytes([5 << 3, 1])
    for siren in AUTHORITIES:
        for kind in kinds:
            message = raw_flight.command(f"CommandGet{kind}", columns if kind == "Tables" else b"")
            pair = both(place, siren, "flight")
            pair = [of_call(raw_flight.ask, door.client, message) for door in pair]
            # Two that are refused tell the same too.
            assert all(isinstance(found, Rows) for found in pair), f"{kind}: {pair}"
            agree(place, siren, kind, *pair)


def addresses_are_told_as_alone(place):
    """What HTTP serves by address is the same, for itself and for another authority."""
    for siren in AUTHORITIES:
        other = OTHERS[siren]
        paths = (
            f"/authorities/{siren}",
            f"/authorities/{other}",
            "/authorities/000000000",
            "/indicators",
            "/indicators/A08",
            f"/indicators/A08?siren={other}",
            "/indicators/D01",
        )
        for path in paths:
            found, wanted = (door.send("GET", path) for door in both(place, siren, "http"))
            agree(place, siren, path, found, wanted)
        absent = [door.send("GET", paths[1]) for door in both(place, siren, "http")]
        absent.append(place.whole.door("http", siren).send("GET", paths[2]))
        is_equal(len({(refusal.code, refusal.text) for refusal in absent}), 1)


def opened_before(door, served, token):
    """Returns what may be asked at a door later on, each on its own connection."""
    doors = [DOORS[door](served.addresses, token) for _ in range(4 if door == "postgres" else 2)]
    prepared = doors[0].prepare(PROBES["direct"])
    assert isinstance(prepared(), Rows), "the prepared query has no rows"
    later = [prepared, partial(doors[1].plain, "select 1")]
    if door == "postgres":
        doors[2].plain("declare part cursor with hold for " + PROBES["direct"])
        is_equal(doors[2].plain("fetch 1 from part").tag, "FETCH 1")
        later.append(partial(doors[2].plain, "fetch 1 from part"))
        later.append(partial(doors[3].plain, "copy (select 1) to stdout"))
    return doors, later


def revocation_ends_it(door, place):
    """What was prepared or opened before a token was revoked tells nothing afterwards."""
    served = place.whole
    token = served.new_token(AUTHORITIES[0])
    doors, later = opened_before(door, served, token)
    served.lake.run("token", "revoke", token.split("_")[1])
    after = [ask() for ask in later]
    for one in doors:
        one.close()
    assert all(getattr(one, "code", "") == REVOKED[door] for one in after), after


def a_handle_is_of_its_owner(place):
    """A ticket and a handle of one authority give no rows to another."""
    first, second = (place.whole.door("flight", siren).client for siren in AUTHORITIES)
    ticket = raw_flight.ticket_of(first, raw_flight.statement(PROBES["direct"]))
    handle = raw_flight.prepare(first, PROBES["direct"])
    assert raw_flight.get(first, ticket), "the ticket gives no row"
    raw_flight.refused(raw_flight.get, second, ticket)
    raw_flight.refused(raw_flight.get, second, raw_flight.prepared(handle))


def checks():
    """Returns (name, check) for all of this file; checks take a place."""
    for probe in PROBES:
        for door in DOORS:
            yield f"{probe} tells_as_alone over {door}", partial(tells_as_alone, probe, door)
    for probe in VALUES:
        yield f"{probe} is_told_more", partial(is_told_more, probe)
    for turn, door in enumerate(DOORS):
        yield f"a_view_is_told_as_alone over {door}", partial(a_view_is_told_as_alone, door, turn)
        travel = partial(time_travel_is_told_as_alone, door)
        yield f"time_travel_is_told_as_alone over {door}", travel
        yield f"revocation_ends_it over {door}", partial(revocation_ends_it, door)
    for check in (
        a_cursor_tells_as_alone,
        lists_are_told_as_alone,
        addresses_are_told_as_alone,
        a_handle_is_of_its_owner,
    ):
        yield check.__name__, check
