"""Bytes made to break the server, each kind sent to a server of its own, which must go on."""

from functools import partial

import grpc
import pyarrow as pa
from pyarrow import flight

from flight_sql import is_equal
from lake import stop
from raw_flight import ask, bind, field, get, prepare, prepared, statement, ticket_of

DO_PUT = "/arrow.flight.protocol.FlightService/DoPut"
QUERY = "select $1 as a"
ROW = pa.record_batch({"$1": ["a text"]})
TERABYTE = (1 << 40).to_bytes(8, "little")


def split(message):
    """Splits an encapsulated IPC message into its header and its body."""
    end = 8 + int.from_bytes(message[4:8], "little")
    return message[8:end], message[end:]


def messages(batch, compression=None):
    """Returns the IPC messages of one batch: schema and rows, each as (header, body)."""
    options = pa.ipc.IpcWriteOptions(compression=compression)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    schema = batch.schema.serialize().to_pybytes()
    return split(schema), split(sink.getvalue().to_pybytes()[len(schema) :])


def flips(content):
    """Returns the content with one byte changed, for every byte and some values."""
    for place in range(len(content)):
        for byte in (0x00, 0x7F, 0xFF):
            yield content[:place] + bytes([byte]) + content[place + 1 :]


def send(channel, handle, sent):
    """Binds bare bytes as parameters, as no client library does; returns the status."""
    target = field(1, b"\x08\x02" + field(2, prepared(handle)))
    first, *rest = [field(2, header) + field(1000, body) for header, body in sent]
    try:
        list(channel.stream_stream(DO_PUT)(iter([target + first, *rest])))
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def parameters_end_in(statuses, cases, address, client):
    """Each of the cases, bound as parameters, ends in one of the statuses."""
    handle = prepare(client, QUERY)
    with grpc.insecure_channel(address.removeprefix("grpc://")) as channel:
        for number, sent in enumerate(cases):
            status = send(channel, handle, sent)
            assert status in statuses, f"case {number} of {len(cases)} ends in {status}"


def tickets_are_survived(_, client):
    """No ticket with one byte changed ends the server, whatever it answers."""
    handle = bind(client, prepare(client, QUERY), pa.Table.from_batches([ROW]))
    ticket = ticket_of(client, prepared(handle))
    is_equal(get(client, ticket), [{"a": "a text"}])
    for number, changed in enumerate(flips(ticket)):
        try:
            get(client, changed)
        except flight.FlightUnavailableError as error:
            raise AssertionError(f"ticket {number} ended the server: {error}") from error
        except (pa.ArrowException, flight.FlightError):
            continue


def goes_on(check, lake):
    """Runs a check on a server of its own, which must then still answer, and stop well."""
    with lake.serving() as address, flight.connect(address) as client:
        check(address, client)
        is_equal(ask(client, statement("select 1 as a")), [{"a": 1}])


def stops_with_an_open_answer(lake):
    """A client that stops reading does not keep the server from stopping."""
    server, address = lake.start()
    with flight.connect(address) as client:
        sql = "select value, repeat('x', 100) from generate_series(1, 100000000)"
        ticket = ticket_of(client, statement(sql))
        reader = client.do_get(flight.Ticket(ticket))
        reader.read_chunk()
        status = stop(server)
    is_equal(status, 0)


def garbage():
    """Returns parameters that are none."""
    schema, (header, body) = messages(ROW)
    return [
        [(b"garbage" * 9, b"garbage")],
        [(b"", b"")],
        [(b"\xff" * 64, b"\xff" * 64)],
        [(schema[0][:40], b"")],
        [(header, body)],
        [schema, (header, b"")],
        [schema, (header, b"\xff" * len(body))],
    ]


def changed():
    """Returns good parameters with one byte changed."""
    schema, (header, body) = messages(ROW)
    return [
        *([(bad, b""), (header, body)] for bad in flips(schema[0])),
        *([schema, (bad, body)] for bad in flips(header)),
        *([schema, (header, bad)] for bad in flips(body)),
    ]


def bombs(codec):
    """Returns compressed parameters of some bytes that claim to hold a terabyte."""
    schema, (header, body) = messages(pa.record_batch({"$1": ["a text" * 1000]}), codec)
    return [
        [schema, (header, body[:start] + TERABYTE + body[start + 8 :])]
        for start in range(0, len(body) - 8, 8)
    ]


def checks():
    """Returns (name, check) for all of this file."""
    refused, survived = ("INVALID_ARGUMENT",), ("OK", "INVALID_ARGUMENT")
    cases = {
        "garbage_is_refused": partial(parameters_end_in, refused, garbage()),
        "changed_parameters_are_survived": partial(parameters_end_in, survived, changed()),
        "lz4_terabyte_is_survived": partial(parameters_end_in, survived, bombs("lz4")),
        "zstd_terabyte_is_survived": partial(parameters_end_in, survived, bombs("zstd")),
        "changed_tickets_are_survived": tickets_are_survived,
    }
    for name, check in cases.items():
        yield name, partial(goes_on, check)
    yield "stops_with_an_open_answer", stops_with_an_open_answer
