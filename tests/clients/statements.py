"""What is no query is refused at every door in every way of asking, and leaves no trace."""

import contextlib
import os
import tempfile
from functools import partial
from pathlib import Path

from asking import DOORS, Refusal, Rows, opened, run
from flight_sql import is_equal
from statement_cases import ANSWERED, OF_SESSION, REFUSED, UNREAD

COUNT = "select count(*) from core.memberships"
MEMBERSHIPS = "20"
GOOD = "select 1; "
# A plan tells settings of the engine: how many rows come at once, in how many streams.
PLAN = "explain select value, count(*) from generate_series(1, 3) group by 1"
SETTINGS = (
    "application_name",
    "carnac.release",
    "client_encoding",
    "default_transaction_read_only",
    "search_path",
    "statement_timeout",
    "timezone",
    "transaction_read_only",
)


def files(folder):
    """Returns every file below a folder, with its size and the time of its last change."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            state = os.stat(os.path.join(place, name))
            found[os.path.join(place, name)] = (state.st_size, state.st_mtime_ns)
    return found


def settings(witness):
    """Returns the settings that a session of PostgreSQL sees, those of the engine too."""
    return witness.each("; ".join([PLAN, *(f"show {name}" for name in SETTINGS)]))


@contextlib.contextmanager
def leaves_no_trace(lake, addresses):
    """Yields a place for files; afterwards nothing is there, in the lake, or in another session."""
    with tempfile.TemporaryDirectory(dir=lake.root.parent) as folder:
        place = Path(folder)
        with opened("postgres", addresses) as witness:
            before, seen = files(lake.root), settings(witness)
            yield place / "written.csv"
            is_equal(files(lake.root), before)
            is_equal(list(place.iterdir()), [])
            is_equal(settings(witness), seen)


def goes_on(door):
    """The connection that was refused still answers, with the values that were there."""
    [row] = door.plain(COUNT).rows
    is_equal(str(row[0]), MEMBERSHIPS)


def written(sql, lake, outside):
    """Puts the paths of this lake in a statement."""
    return sql.replace("{outside}", str(outside)).replace("{root}", str(lake.root))


def ends_in(way, found, code):
    """Fails unless it is a refusal with this code that says why."""
    assert isinstance(found, Refusal), f"{way}: it was answered: {found}"
    assert found.code == code, f"{way}: it ended in {found.code}, want {code}: {found.text}"
    assert found.text.strip(), f"{way}: the refusal says nothing"


def over_flight(sql, end, door):
    """Flight refuses it plain, prepared, after a good one, and as a change of which it has none."""
    ends_in("plain", door.plain(sql), end.grpc)
    ends_in("prepared", run(door.prepare(sql)), end.grpc)
    ends_in("multi", door.plain(GOOD + sql), UNREAD.grpc)
    ends_in("update", door.update(sql), "UNIMPLEMENTED")


def over_http(sql, end, door):
    """HTTP refuses it as text, as JSON with parameters, and after a good one."""
    ends_in("plain", door.plain(sql), end.http)
    ends_in("bound", door.bound(sql), end.http)
    ends_in("multi", door.plain(GOOD + sql), UNREAD.http)


def after_a_good_one(sql, door):
    """Returns what a statement ends in after a good one, which is answered."""
    first, *_, last = door.each(GOOD + sql)
    is_equal(first.rows, (("1",),))
    return last


def copied(sql):
    """Puts a statement in COPY; a comment that it ends in takes nothing of the closing bracket."""
    return f"COPY ({sql}\n) TO STDOUT"


def over_postgres(sql, end, door):
    """PostgreSQL refuses it simple, prepared, in a cursor, in COPY in both ways, and after a good one."""
    ways = {
        "simple": lambda: door.plain(sql),
        "prepared": lambda: run(door.prepare(sql)),
        "cursor": lambda: door.plain(f"DECLARE c CURSOR WITH HOLD FOR {sql}"),
        "copy": lambda: door.plain(copied(sql)),
        "copy prepared": lambda: run(door.prepare(copied(sql))),
        "multi": lambda: after_a_good_one(sql, door),
    }
    for way, ask in ways.items():
        ends_in(way, ask(), end.of_postgres(way.split()[0]))
        door.forget()


OVER = {"flight": over_flight, "http": over_http, "postgres": over_postgres}


def is_refused(case, door, lake, *addresses):
    """A statement is refused at a door in every way, and leaves no trace."""
    sql, end = REFUSED[case]
    with leaves_no_trace(lake, addresses) as outside, opened(door, addresses) as asked:
        OVER[door](written(sql, lake, outside), end, asked)
        goes_on(asked)


def is_done(way, found, harmless):
    """Fails unless it is the word of what was done, with no rows but those it is to have."""
    assert isinstance(found, Rows), f"{way}: it was refused: {found}"
    is_equal((found.tag, tuple(row[0] for row in found.rows)), (harmless.tag, harmless.names))


def changes_its_session_only(case, lake, *addresses):
    """A statement of the session is done for PostgreSQL, and allows nothing afterwards."""
    sql, harmless = OF_SESSION[case]
    with leaves_no_trace(lake, addresses), opened("postgres", addresses) as door:
        is_done("simple", door.plain(sql), harmless)
        ends_in("write afterwards", door.plain("DELETE FROM core.acts"), "42501")
        door.forget()
        is_done("prepared", run(door.prepare(sql)), harmless)
        door.forget()
        is_done("multi", after_a_good_one(sql, door), harmless)
        door.forget()
        for way in (f"DECLARE c CURSOR FOR {sql}", copied(sql)):
            ends_in(way, door.plain(way), "42501")
            door.forget()
        goes_on(door)


def is_not_for_queries(case, door, lake, *addresses):
    """A statement of a session is refused at the doors that have no such session."""
    sql, _ = OF_SESSION[case]
    code = {"flight": "PERMISSION_DENIED", "http": "403"}[door]
    with leaves_no_trace(lake, addresses), opened(door, addresses) as asked:
        ends_in("plain", asked.plain(sql), code)
        ends_in("prepared", run(asked.prepare(sql)), code)
        ends_in("multi", asked.plain(GOOD + sql), UNREAD.grpc if door == "flight" else UNREAD.http)
        goes_on(asked)


def is_a_query(case, door, lake, *addresses):
    """A query that looks like a change is answered with its value and changes nothing."""
    sql, value, _ = ANSWERED[case]
    with leaves_no_trace(lake, addresses), opened(door, addresses) as asked:
        for found in (asked.plain(sql), run(asked.prepare(sql))):
            assert isinstance(found, Rows), f"it was refused: {found}"
            is_equal([tuple(map(str, row)) for row in found.rows], [(value,)])
        goes_on(asked)


def checks():
    """Returns (name, check) for all of this file; checks take a lake and the addresses."""
    for case in REFUSED:
        for door in DOORS:
            yield f"{case} is_refused over {door}", partial(is_refused, case, door)
    for case in OF_SESSION:
        yield f"{case} changes_its_session_only", partial(changes_its_session_only, case)
        for door in ("flight", "http"):
            yield f"{case} is_not_for_queries over {door}", partial(is_not_for_queries, case, door)
    for case in ANSWERED:
        for door in DOORS:
            yield f"{case} is_a_query over {door}", partial(is_a_query, case, door)
