"""One way to ask at each door: a text goes in, rows or a refusal with its code come out."""

import contextlib
import http.client
import itertools
import json
import re
import urllib.parse
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from psycopg.pq import DiagnosticField, ExecStatus
from pyarrow import flight

from raw_flight import ask, command, descriptor, field, get, prepare, prepared, put, statement

# What pyarrow makes of the codes of gRPC, the most special first.
CODES = {
    flight.FlightUnauthenticatedError: "UNAUTHENTICATED",
    flight.FlightUnauthorizedError: "PERMISSION_DENIED",
    flight.FlightUnavailableError: "UNAVAILABLE",
    flight.FlightTimedOutError: "DEADLINE_EXCEEDED",
    flight.FlightCancelledError: "CANCELLED",
    flight.FlightInternalError: "INTERNAL",
    pa.ArrowNotImplementedError: "UNIMPLEMENTED",
    pa.ArrowInvalid: "INVALID_ARGUMENT",
    pa.ArrowKeyError: "NOT_FOUND",
}
# What pyarrow says around the server's own words.
FRAME = re.compile(
    r"^Flight returned [a-z ]+ error, with message: |\. gRPC client debug context.*$", re.S
)
ROWS = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


@dataclass(frozen=True)
class Rows:
    """An answer: the word of what was done where the protocol has one, columns and rows."""

    tag: str
    columns: tuple
    rows: tuple


@dataclass(frozen=True)
class Refusal:
    """No answer: the code that a program branches on, and the words for people."""

    code: str
    text: str


def of_call(call, *arguments):
    """Returns the rows of a call of Flight, or the refusal."""
    try:
        found = call(*arguments)
    except (flight.FlightError, pa.ArrowException) as error:
        code = next((code for kind, code in CODES.items() if isinstance(error, kind)), repr(error))
        return Refusal(code, FRAME.sub("", str(error)))
    columns = tuple(found[0]) if found else ()
    return Rows("", columns, tuple(tuple(row.values()) for row in found))


class Flight:
    """Flight SQL by commands made by hand."""

    name = "flight"

    def __init__(self, addresses, token=None, release=None):
        headers = bearer(token) | ({"x-carnac-release": str(release)} if release else {})
        self.client = flight.connect(addresses[0], middleware=[Headers(headers)])

    def plain(self, sql):
        """Asks without preparing."""
        return of_call(ask, self.client, statement(sql))

    def prepare(self, sql):
        """Returns a function that runs a prepared query, or the refusal to prepare it."""
        found = of_call(lambda: [{"handle": prepare(self.client, sql)}])
        if isinstance(found, Refusal):
            return found
        return lambda: of_call(get, self.client, prepared(found.rows[0][0]))

    def update(self, sql):
        """Asks for a change, as clients do whose text has no rows."""
        change = command("CommandStatementUpdate", field(1, sql.encode()))
        return of_call(put, self.client, change, pa.table({}))

    def close(self):
        """Ends the connection."""
        self.client.close()


def bearer(token):
    """Returns the header that tells who asks; none for who has no token."""
    return {"authorization": f"Bearer {token}"} if token else {}


class Headers(flight.ClientMiddlewareFactory):
    """Sends headers with every call."""

    def __init__(self, headers):
        super().__init__()
        self.headers = headers

    def start_call(self, info):
        """Makes what writes the headers of one call."""
        return OfCall(self.headers)


class OfCall(flight.ClientMiddleware):
    """The headers of one call."""

    def __init__(self, headers):
        super().__init__()
        self.headers = headers

    def sending_headers(self):
        """Returns the headers."""
        return self.headers


class Http:
    """HTTP, each request on a connection of its own."""

    name = "http"

    def __init__(self, addresses, token=None, release=None):
        self.host = addresses[0].removeprefix("grpc://")
        self.headers = bearer(token)
        self.query = "/query?format=json" + (f"&at={release}" if release else "")

    def reply(self, method, path, content, kind):
        """Makes one request; returns the status and the content of the answer."""
        with contextlib.closing(http.client.HTTPConnection(self.host)) as connection:
            connection.request(method, path, content, self.headers | {"content-type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def send(self, method, path, body=None, kind="text/plain"):
        """Makes one request; returns the rows of its JSON, or the refusal."""
        try:
            status, content = self.reply(method, path, body and body.encode(), kind)
        except (http.client.IncompleteRead, http.client.RemoteDisconnected):
            return Refusal("cut", "the answer failed on the way")
        found = json.loads(content)
        if status != http.client.OK:
            return Refusal(str(status), found["error"])
        columns = tuple(found[0]) if found else ()
        return Rows("", columns, tuple(tuple(row.values()) for row in found))

    def plain(self, sql):
        """Asks by a text."""
        return self.send("POST", self.query, sql)

    def bound(self, sql):
        """Asks by JSON, as those do who send parameters."""
        asked = json.dumps({"sql": sql, "parameters": []})
        return self.send("POST", self.query, asked, "application/json")

    def prepare(self, sql):
        """Returns a function that asks; HTTP prepares nothing."""
        return lambda: self.plain(sql)

    def close(self):
        """Has nothing to end."""


def text_of(value):
    """Returns the text of a value, None for NULL."""
    return None if value is None else value.decode()


def decisive(results):
    """Returns the first refusal, else the last result."""
    return next((one for one in results if isinstance(one, Refusal)), results[-1])


class Postgres:
    """PostgreSQL by libpq: no driver adds a statement of its own."""

    name = "postgres"

    def __init__(self, addresses, token=None, release=None):
        given = {"user": "token", "password": token} if token else {"user": "anonymous"}
        if release:
            given["options"] = f"-c carnac.release={release}"
        parts = urllib.parse.urlsplit(addresses[1])
        self.connection = psycopg.connect(
            host=parts.hostname, port=parts.port, dbname="carnac", autocommit=True, **given
        )
        self.libpq = self.connection.pgconn
        self.names = map("prepared{}".format, itertools.count())

    def found(self, result):
        """Returns what a result of libpq holds."""
        if result.status == ExecStatus.COPY_OUT:
            return self.copied()
        if result.status not in ROWS:
            code = (result.error_field(DiagnosticField.SQLSTATE) or b"none").decode()
            text = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or result.error_message
            return Refusal(code, text.decode())
        columns = tuple(result.fname(place).decode() for place in range(result.nfields))
        rows = tuple(
            tuple(text_of(result.get_value(row, place)) for place in range(len(columns)))
            for row in range(result.ntuples)
        )
        return Rows((result.command_status or b"").decode(), columns, rows)

    def copied(self):
        """Returns the lines of COPY, or why it ended."""
        lines = []
        while (got := self.libpq.get_copy_data(0))[0] > 0:
            lines.append((bytes(got[1]).decode(),))
        last = self.found(self.libpq.get_result())
        return last if isinstance(last, Refusal) else Rows(last.tag, ("line",), tuple(lines))

    def plain(self, sql):
        """Asks by the simple protocol; returns the first refusal, else the last result."""
        return decisive(self.each(sql))

    def each(self, sql):
        """Asks several statements by the simple protocol; returns what each ended in."""
        self.libpq.send_query(sql.encode())
        return self.results()

    def results(self):
        """Returns what all that was asked ended in; a connection that ends adds a refusal."""
        return [self.found(result) for result in iter(self.libpq.get_result, None)]

    def run(self, name):
        """Runs a prepared statement."""
        self.libpq.send_query_prepared(name, [])
        return decisive(self.results())

    def prepare(self, sql):
        """Returns a function that runs a prepared statement, or the refusal to prepare it."""
        name = next(self.names).encode()
        found = self.found(self.libpq.prepare(name, sql.encode()))
        if isinstance(found, Refusal):
            return found
        return lambda: self.run(name)

    def forget(self):
        """Ends what is open, so that the next question begins anew."""
        self.plain("rollback")
        self.plain("deallocate all")

    def close(self):
        """Ends the connection."""
        self.connection.close()


DOORS = {door.name: door for door in (Flight, Postgres, Http)}


@contextlib.contextmanager
def opened(name, addresses, token=None):
    """Yields a connection to a door."""
    with contextlib.closing(DOORS[name](addresses, token)) as door:
        yield door


def run(prepared_or_refused):
    """Runs what was prepared; a refusal to prepare is the answer."""
    if isinstance(prepared_or_refused, Refusal):
        return prepared_or_refused
    return prepared_or_refused()
