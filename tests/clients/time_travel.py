"""Time travel through ADBC: a header of every call, or an option of the session."""

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager

from flight_sql import is_equal, value

HEADER = "adbc.flight.sql.rpc.call_header."
OPTION = "adbc.flight.sql.session.option."
ERASE = "adbc.flight.sql.session.optionerase."
COOKIES = {"adbc.flight.sql.rpc.with_cookie_middleware": "true"}
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
        for name, text in [("release", "99"), ("release", "x"), ("colour", "red")]:
            try:
                connection.adbc_connection.set_options(**{OPTION + name: text})
            except adbc_driver_manager.ProgrammingError as error:
                assert name in str(error), error
            else:
                raise AssertionError(f"{name} was set to {text}")
        is_equal(value(connection, COUNT), lake.value(COUNT))


def checks():
    """Returns (name, check) for all of this file."""
    for check in (
        header_is_read,
        absent_release_is_told,
        session_option_is_kept,
        wrong_option_is_refused,
    ):
        yield check.__name__, check
