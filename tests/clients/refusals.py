"""What the server refuses, at each of its doors, and that it tells no value when it does."""

from functools import partial

import adbc_driver_manager

from flight_sql import connected, fetch, is_equal, value
from raw_flight import called, descriptor, get, refused, statement, ticket_of

# Statement, and what the message must say.
REFUSED = {
    "drop_table": ("DROP TABLE core.acts", "DROP TABLE is refused"),
    "copy": ("COPY (select 1) TO '{root}/copied.csv'", "COPY is refused"),
    "external_table": (
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE EXTERNAL is refused",
    ),
    "set": ("SET datafusion.runtime.memory_limit='8G'", "SET is refused"),
    "two_statements": ("select 1; select 2", "one statement at a time"),
    "explain_analyze": ("EXPLAIN ANALYZE select 1", "EXPLAIN ANALYZE"),
    "explain_analyze_option": ("EXPLAIN (ANALYZE) select 1", "EXPLAIN ANALYZE"),
    "explain_unknown_format": ("EXPLAIN (FORMAT JSON) select 1", "format"),
    "insert": ("INSERT INTO core.acts VALUES (1)", "INSERT INTO is refused"),
    "update": ("UPDATE core.acts SET siren = 'x'", "is refused"),
    "delete": ("DELETE FROM core.acts", "is refused"),
    "create_view": ("CREATE VIEW v AS select 1", "CREATE VIEW is refused"),
    "create_function": ("CREATE FUNCTION f() RETURNS int RETURN 1", "CREATE FUNCTION is refused"),
    "select_into": ("select 1 as a into x", "is refused"),
    "file_as_table": ("select * from '/etc/passwd'", "not found"),
    "quoted_file_as_table": ('select * from "/etc/passwd"', "not found"),
    "raw_layer": ("select * from lake.acts", "not found"),
    "staging_layer": ("select * from staging.acts", "not found"),
    "sources": ("select * from ops.sources", "not found"),
    "quarantine": ("select * from ops.quarantine", "not found"),
}

# Queries that fail on a value while they run.
FAILING = {
    "cast_to_int": "select cast(name as int) from core.authority_years",
    "cast_to_date": "select cast(name as date) from core.authority_years",
    "cast_to_smallint": "select cast(population_count as smallint) from core.authority_years",
    "to_timestamp": "select to_timestamp(name) from core.authority_years",
    "in_a_filter": "select count(*) from core.authority_years where cast(name as double) > 1",
    "in_a_group": "select count(*) from core.authority_years group by cast(name as int)",
    "in_a_pattern": "select regexp_replace(name, '(' || name, '') from core.authority_years",
    "as_a_digest": "select digest('a', (select max(name) from core.authority_years))",
    "as_an_encoding": "select encode('a', (select max(name) from core.authority_years))",
    "as_a_percentile": "select approx_percentile_cont(1, "
    "(select cast(max(population_count) as double) from core.authority_years)) from core.acts",
}


# Room for every statement above, so that one can take another's place in a ticket.
WIDTH = 240


def error_of(connection, sql):
    """Returns the message of a failed query: one that says that the client can mend it."""
    try:
        fetch(connection, sql)
    except adbc_driver_manager.ProgrammingError as error:
        return str(error)
    raise AssertionError("the query was answered")


def says(text, reason):
    """Fails unless the message gives the reason."""
    assert reason.lower() in text.lower(), f"the message is {text!r}"


def is_refused(case, lake, connection):
    """A statement is refused with a reason, changes no file and does not end the connection."""
    sql, reason = REFUSED[case]
    before = sorted(lake.root.rglob("*"))
    says(error_of(connection, sql.format(root=lake.root)), reason)
    is_equal(sorted(lake.root.rglob("*")), before)
    is_equal(value(connection, "select count(*) from core.memberships"), 20)


def is_refused_unprepared(case, lake, client):
    """A statement is refused also when it is not prepared."""
    sql, reason = REFUSED[case]
    says(refused(client.get_flight_info, descriptor(statement(sql.format(root=lake.root)))), reason)


def is_refused_in_a_ticket(case, lake, client):
    """A statement is refused also in a ticket that a client made up from a good one."""
    good, bad = "select 1".ljust(WIDTH), REFUSED[case][0].format(root=lake.root).ljust(WIDTH)
    is_equal(len(bad), WIDTH)
    refused(get, client, ticket_of(client, statement(good)).replace(good.encode(), bad.encode()))


def tells_no_value(case, _, connection):
    """A query that fails on a value names no value, and works on other values afterwards."""
    known = fetch(
        connection,
        "select distinct name, cast(population_count as varchar) from core.authority_years",
    )
    known = {text for row in known.to_pylist() for text in row.values() if text and len(text) > 3}
    text = error_of(connection, FAILING[case])
    told = sorted(word for word in known if word in text)
    assert not told, f"the message tells {told}: {text!r}"
    is_equal(value(connection, "select 1"), 1)


def checks():
    """Returns (name, check) for all of this file."""
    for case in REFUSED:
        yield f"{case} is_refused", connected(partial(is_refused, case))
        yield f"{case} is_refused_unprepared", called(partial(is_refused_unprepared, case))
        yield f"{case} is_refused_in_a_ticket", called(partial(is_refused_in_a_ticket, case))
    for case in FAILING:
        yield f"{case} tells_no_value", connected(partial(tells_no_value, case))
