"""Time travel through ADBC: a header of every call, or an option of the session, which has others too."""

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager

from flight_sql import is_equal, value

HEADER = "adbc.flight.sql.rpc.call_header."
OPTION = "adbc.flight.sql.session.option."
ERASE = "adbc.flight.sql.session.optionerase."
COOKIES = {"adbc.flight.sql.rpc.with_cookie_middleware": "true"}
ENDLESS = "select count(*) from generate_series(1, 1000000000000) as t"
COUNT = "select count(*) from core.acts"


def count(address, options):
    """Returns the number of acts that a connection with those options sees."""
    with flight_sql.connect(address, db_kwargs=options, autocommit=True) as connection:
        return value(connection, COUNT)


def header_is_read(lake, address):
    """A header names the release before, where one more act stands; without it the newest is read."""
    newest = lake.value(COUNT)
    is_equal(count(address, {HEADER + "x-carnac-release": "1"}), newest + 1)
    is_equal(count(address, {HEADER + "x-carnac-release": "2"}), newest)
    is_equal(count(address, {}), newest)


def absent_release_is_told(_, address):
    """A release that is not there is an error that says so."""
    try:
        found = count(address, {HEADER + "x-carnac-release": "99"})
    except adbc_driver_manager.ProgrammingError as error:
        assert "release 99 is not in" in str(error), error
    else:
        raise AssertionError(f"release 99 was answered: {found}")


def session_option_is_kept(lake, address):
    """An option of the session holds until it is erased, and is told."""
    newest = lake.value(COUNT)
    with flight_sql.connect(address, db_kwargs=COOKIES, autocommit=True) as connection:
        driver = connection.adbc_connection
        driver.set_options(**{OPTION + "release": "1"})
        is_equal(driver.get_option(OPTION + "release"), "1")
        is_equal(value(connection, COUNT), newest + 1)
        driver.set_options(**{ERASE + "release": ""})
        is_equal(value(connection, COUNT), newest)


def wrong_option_is_refused(lake, address):
    """A release that is not there and an unknown option are refused, and change nothing."""
    with flight_sql.connect(address, db_kwargs=COOKIES, autocommit=True) as connection:
        wrong = [("release", "99"), ("release", "x"), ("colour", "red"), ("language", "de"), ("timeout", "0")]
        for name, text in wrong:
            try:
                connection.adbc_connection.set_options(**{OPTION + name: text})
            except adbc_driver_manager.ProgrammingError as error:
                assert name in str(error), error
            else:
                raise AssertionError(f"{name} was set to {text}")
        is_equal(value(connection, COUNT), lake.value(COUNT))


def timeout_ends_a_query(lake, address):
    """The timeout of a session ends a query, and the session goes on."""
    with flight_sql.connect(address, db_kwargs=COOKIES, autocommit=True) as connection:
        connection.adbc_connection.set_options(**{OPTION + "timeout": "1"})
        is_equal(connection.adbc_connection.get_option(OPTION + "timeout"), "1")
        try:
            found = value(connection, ENDLESS)
        except adbc_driver_manager.Error as error:
            assert "longer than it may" in str(error), error
        else:
            raise AssertionError(f"what never ends was answered: {found}")
        is_equal(value(connection, COUNT), lake.value(COUNT))


def language_is_that_of_titles(_, address):
    """The schema of a table has its title, in the language of the session."""
    with flight_sql.connect(address, db_kwargs=COOKIES, autocommit=True) as connection:

        def title():
            """Returns the title of the acts."""
            schema = connection.adbc_get_table_schema("acts", db_schema_filter="core")
            return schema.metadata[b"title"].decode()

        is_equal(title(), "Actes, avec ce qui compte comme télétransmis")
        connection.adbc_connection.set_options(**{OPTION + "language": "en"})
        is_equal(title(), "Acts, with what counts as transmitted")


def checks():
    """Returns (name, check) for all of this file."""
    for check in (
        header_is_read,
        absent_release_is_told,
        session_option_is_kept,
        wrong_option_is_refused,
        timeout_ends_a_query,
        language_is_that_of_titles,
    ):
        yield check.__name__, check
