"""The three protocols without a driver: cheap, and able to stop reading or to vanish at any moment.

Each client is one connection. What the server refuses is raised as `Refused`, with its code: a
SQLSTATE, a status of HTTP, or the name of a code of gRPC.
"""

import asyncio
import contextlib
import json
import struct

import grpc
import pyarrow as pa
from pyarrow import flight

from raw_flight import field, statement, unfield

SERVICE = "/arrow.flight.protocol.FlightService/"
CANCELLED = b"\x08\x01"


class Refused(Exception):
    """The server refused, with a code."""

    def __init__(self, code, text):
        super().__init__(f"{code} {text}")
        self.code = code


class Broken(Exception):
    """An answer that had begun ended before its last row."""


class Postgres:
    """A connection of PostgreSQL that asks by simple queries."""

    def __init__(self, address, token=None):
        self.address, self.token = address, token

    async def open(self):
        """Connects and logs in."""
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        user = b"anonymous" if self.token is None else b"somebody"
        body = struct.pack("!i", 196608) + b"user\0" + user + b"\0database\0carnac\0\0"
        self.writer.write(struct.pack("!i", len(body) + 4) + body)
        while True:
            kind, body = await self.message()
            if kind == b"R" and struct.unpack("!i", body[:4])[0] == 3:
                self.send(b"p", (self.token or "").encode() + b"\0")
            elif kind == b"K":
                self.key = body
            elif kind == b"Z":
                return self

    def send(self, kind, body):
        """Sends a message."""
        self.writer.write(kind + struct.pack("!i", len(body) + 4) + body)

    async def message(self):
        """Returns the next message; one of an error is raised."""
        kind, size = struct.unpack("!ci", await self.reader.readexactly(5))
        body = await self.reader.readexactly(size - 4)
        if kind == b"E":
            fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            raise Refused(fields[b"C"], fields[b"M"])
        return kind, body

    async def begin(self, sql):
        """Asks, and returns once the first row is there."""
        self.send(b"Q", sql.encode() + b"\0")
        while (await self.message())[0] != b"D":
            pass

    async def rest(self):
        """Reads to the end; returns how many rows came, which the server must say too."""
        rows, told = 1, 0
        while True:
            kind, body = await self.message()
            if kind == b"D":
                rows += 1
            elif kind == b"C":
                told = int(body.rstrip(b"\0").split()[-1])
            elif kind == b"Z":
                assert rows == told, f"{rows} rows came, and {told} are said to have come"
                return rows

    async def ask(self, sql):
        """Returns the first column of an answer, as text."""
        self.send(b"Q", sql.encode() + b"\0")
        found = []
        while True:
            kind, body = await self.message()
            if kind == b"D":
                [size] = struct.unpack("!i", body[2:6])
                found.append(body[6 : 6 + size].decode())
            elif kind == b"Z":
                return found

    async def cancel(self):
        """Asks the server, on a connection of its own, to end the query that runs."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(struct.pack("!ii", 16, 80877102) + self.key)
        await reader.read()
        writer.close()

    async def vanish(self):
        """Closes the connection at once, without a word."""
        self.writer.transport.abort()


class Http:
    """A connection of HTTP that is kept alive."""

    def __init__(self, address, token=None):
        self.address = address
        self.headers = {"host": "{}:{}".format(*address)}
        if token is not None:
            self.headers["authorization"] = f"Bearer {token}"

    async def open(self):
        """Connects."""
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        return self

    async def head(self, method, path, body=b""):
        """Sends a request and returns its status once it is told; the length, if it is, is kept."""
        headers = self.headers | {"content-length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        told = dict(line.lower().split(": ", 1) for line in lines if line)
        self.length = int(told["content-length"]) if "content-length" in told else None
        return int(first.split()[1])

    async def chunk(self):
        """Returns the next bytes of the answer; none at its end."""
        if self.length is not None:
            length, self.length = self.length, 0
            return await self.reader.readexactly(length)
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:size]

    async def body(self):
        """Returns all of the answer."""
        parts = []
        while part := await self.chunk():
            parts.append(part)
        return b"".join(parts)

    async def request(self, method, path, body=b""):
        """Returns the answer of a request."""
        status = await self.head(method, path, body)
        content = await self.body()
        if status != 200:
            raise Refused(status, content.decode())
        return content

    async def begin(self, sql):
        """Asks, and returns once the first rows are there."""
        status = await self.head("POST", "/query?format=csv", sql.encode())
        if status != 200:
            raise Refused(status, (await self.body()).decode())
        self.lines = (await self.chunk()).count(b"\n")

    async def rest(self):
        """Reads to the end; returns how many rows came."""
        try:
            while part := await self.chunk():
                self.lines += part.count(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Broken("the connection ended within the answer") from error
        return self.lines - 1

    async def ask(self, sql):
        """Returns the first column of an answer, as text."""
        rows = json.loads(await self.request("POST", "/query?format=json", sql.encode()))
        return [str(next(iter(row.values()))) for row in rows]

    async def vanish(self):
        """Closes the connection at once, without a word."""
        self.writer.transport.abort()


@contextlib.contextmanager
def told():
    """Raises what gRPC refuses as the others do."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise Refused(error.code().name, error.details()) from error


def ipc(message):
    """Returns a message of an answer as it stands in a stream of Arrow."""
    fields = unfield(message)
    header = fields[2] + bytes(-len(fields[2]) % 8)
    return b"\xff\xff\xff\xff" + struct.pack("<i", len(header)) + header + fields.get(1000, b"")


def batch_rows(message):
    """Returns how many rows a message of an answer has: the first number of its record batch."""
    header = unfield(message).get(2, b"")
    [table] = struct.unpack_from("<I", header, 0)
    places = table - struct.unpack_from("<i", header, table)[0]
    kind_at, batch_at = struct.unpack_from("<HH", header, places + 6)
    if header[table + kind_at] != 3:
        return 0
    place = table + batch_at
    batch = place + struct.unpack_from("<I", header, place)[0]
    places = batch - struct.unpack_from("<i", header, batch)[0]
    [length_at] = struct.unpack_from("<H", header, places + 4)
    return struct.unpack_from("<q", header, batch + length_at)[0] if length_at else 0


class Flight:
    """A connection of Flight SQL."""

    def __init__(self, address, token=None):
        self.address = "{}:{}".format(*address)
        self.metadata = [] if token is None else [("authorization", f"Bearer {token}")]

    async def open(self):
        """Makes a channel of its own, which connects at the first call."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        self.channel = grpc.aio.insecure_channel(self.address, options)
        return self

    async def info(self, sql):
        """Returns what the server says of an answer, as bytes."""
        descriptor = flight.FlightDescriptor.for_command(statement(sql)).serialize()
        with told():
            call = self.channel.unary_unary(SERVICE + "GetFlightInfo")
            return await call(descriptor, metadata=self.metadata)

    def send(self, info):
        """Asks for the rows of an answer."""
        [endpoint] = flight.FlightInfo.deserialize(info).endpoints
        call = self.channel.unary_stream(SERVICE + "DoGet")
        self.sending = call(field(1, endpoint.ticket.ticket), metadata=self.metadata)
        self.messages, self.count = aiter(self.sending), 0

    async def begin(self, sql):
        """Asks, and returns once the first rows are there."""
        self.described = await self.info(sql)
        self.send(self.described)
        with told():
            while not self.count:
                self.count = batch_rows(await anext(self.messages))

    async def rest(self):
        """Reads to the end; returns how many rows came."""
        with told():
            async for message in self.messages:
                self.count += batch_rows(message)
            assert await self.sending.code() == grpc.StatusCode.OK, "the answer has no good end"
        return self.count

    async def drain(self, info):
        """Asks for the rows of an answer that is described, and reads them."""
        self.send(info)
        return await self.rest()

    async def ask(self, sql):
        """Returns the first column of an answer, as text."""
        self.send(await self.info(sql))
        with told():
            stream = b"".join([ipc(message) async for message in self.messages])
        with pa.ipc.open_stream(stream) as reader:
            return [str(value) for value in reader.read_all().column(0).to_pylist()]

    async def cancel(self):
        """Ends the answer that is sent, by the action of the protocol."""
        body = field(1, b"CancelFlightInfo") + field(2, field(1, self.described))
        with told():
            call = self.channel.unary_stream(SERVICE + "DoAction")
            async for result in call(body, metadata=self.metadata):
                assert result == field(1, CANCELLED), f"the cancel is answered {result!r}"

    async def vanish(self):
        """Closes the connection at once, without a word."""
        await self.channel.close()


DOORS = {"PostgreSQL": Postgres, "HTTP": Http, "Flight": Flight}


def door(house, name, token=None):
    """Returns a client of a door, not yet connected."""
    address = house.postgres if name == "PostgreSQL" else house.http
    return DOORS[name](address, token)


async def until(holds, seconds, what):
    """Waits until something holds of which the server tells no event, so long at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not await asyncio.to_thread(holds):
        assert loop.time() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.002)
