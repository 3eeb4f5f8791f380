"""Flight SQL without a driver: commands made by hand, good ones and wrong ones."""

import statistics
import time
from functools import partial

import pyarrow as pa
from pyarrow import flight

from flight_sql import is_equal

PREFIX = b"type.googleapis.com/arrow.flight.protocol.sql."
VARCHAR = 12


def varint(number):
    """Encodes a number as protobuf does."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number, content):
    """Encodes a field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def unvarint(content):
    """Decodes the number that the content begins with; returns it and the rest."""
    end = next(place for place, byte in enumerate(content) if byte < 0x80) + 1
    number = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(content[:end]))
    return number, content[end:]


def unfield(message):
    """Decodes a message that has only fields of bytes, by their numbers."""
    fields = {}
    while message:
        key, message = unvarint(message)
        size, message = unvarint(message)
        fields[key >> 3], message = message[:size], message[size:]
    return fields


def command(name, body=b""):
    """Encodes a message of Flight SQL."""
    return field(1, PREFIX + name.encode()) + field(2, body)


def statement(sql):
    """Encodes a query that is not prepared."""
    return command("CommandStatementQuery", field(1, sql.encode()))


def prepared(handle):
    """Encodes a run of a prepared query."""
    return command("CommandPreparedStatementQuery", field(1, handle))


def descriptor(message):
    """Wraps a command for the calls that take a descriptor."""
    return flight.FlightDescriptor.for_command(message)


def ticket_of(client, message):
    """Returns the bytes of the one ticket of a command."""
    [endpoint] = client.get_flight_info(descriptor(message)).endpoints
    return endpoint.ticket.ticket


def get(client, ticket):
    """Returns the rows of a ticket."""
    return client.do_get(flight.Ticket(ticket)).read_all().to_pylist()


def ask(client, message):
    """Returns the rows of a command."""
    return get(client, ticket_of(client, message))


def act(client, kind, body):
    """Runs an action and returns its results."""
    return [result.body.to_pybytes() for result in client.do_action(flight.Action(kind, body))]


def prepare(client, sql):
    """Returns the handle of a prepared query."""
    body = command("ActionCreatePreparedStatementRequest", field(1, sql.encode()))
    [result] = act(client, "CreatePreparedStatement", body)
    return unfield(unfield(result)[2])[1]


def put(client, message, table):
    """Sends rows under a command and returns what the server says."""
    writer, reader = client.do_put(descriptor(message), table.schema)
    with writer:
        writer.write_table(table)
        writer.done_writing()
        return reader.read().to_pybytes()


def bind(client, handle, table):
    """Returns the handle of a prepared query with its parameters."""
    return unfield(put(client, prepared(handle), table))[1]


def refused(call, *arguments):
    """Returns the message of a call that the server must refuse: neither down nor at a loss."""
    try:
        found = call(*arguments)
    except (flight.FlightUnavailableError, flight.FlightInternalError) as error:
        raise AssertionError(f"the server broke: {error}") from error
    except (pa.ArrowException, flight.FlightError) as error:
        return str(error)
    raise AssertionError(f"the call was answered: {found!r}")


def called(check):
    """Turns a check of a client into one that connects it, and asks it again afterwards."""

    def run(lake, address):
        with flight.connect(address) as client:
            check(lake, client)
            is_equal(ask(client, statement("select 1 as a")), [{"a": 1}])

    return run


def info_is_told(_, client):
    """GetSqlInfo tells who the server is, and that it is read-only and speaks SQL."""
    facts = {row["info_name"]: row["value"] for row in ask(client, command("CommandGetSqlInfo"))}
    is_equal((facts[0], facts[3], facts[4]), ("Carnac", True, True))


def info_is_chosen(_, client):
    """GetSqlInfo tells only what is asked for."""
    rows = ask(client, command("CommandGetSqlInfo", field(1, bytes([0, 3]))))
    is_equal(sorted(row["info_name"] for row in rows), [0, 3])


def types_are_told(_, client):
    """GetXdbcTypeInfo lists the types that columns have."""
    found = {row["type_name"] for row in ask(client, command("CommandGetXdbcTypeInfo"))}
    missing = {"varchar", "bigint", "double", "decimal", "date", "boolean"} - found
    assert not missing, f"{missing} are not listed"


def types_are_chosen(_, client):
    """GetXdbcTypeInfo lists only the type asked for."""
    rows = ask(client, command("CommandGetXdbcTypeInfo", varint(1 << 3) + varint(VARCHAR)))
    is_equal([row["type_name"] for row in rows], ["varchar"])


def keys_are_none(_, client):
    """The lists of keys are empty, and have the columns of the protocol."""
    key = [("catalog_name", pa.string()), ("db_schema_name", pa.string())]
    key += [("table_name", pa.string(), False), ("column_name", pa.string(), False)]
    primary = [*key, ("key_name", pa.string()), ("key_sequence", pa.int32(), False)]
    foreign = [(f"{side}_{name}", *of) for side in ("pk", "fk") for name, *of in key]
    foreign += [("key_sequence", pa.int32(), False)]
    foreign += [("fk_key_name", pa.string()), ("pk_key_name", pa.string())]
    foreign += [(f"{rule}_rule", pa.uint8(), False) for rule in ("update", "delete")]
    table = field(2, b"core") + field(3, b"acts")
    tables = {
        "PrimaryKeys": (table, primary),
        "ExportedKeys": (table, foreign),
        "ImportedKeys": (table, foreign),
        "CrossReference": (table + field(6, b"contracts"), foreign),
    }
    for kind, (body, columns) in tables.items():
        schema = pa.schema([pa.field(*column) for column in columns])
        info = client.get_flight_info(descriptor(command(f"CommandGet{kind}", body)))
        is_equal(info.schema, schema)
        is_equal(client.do_get(info.endpoints[0].ticket).read_all(), schema.empty_table())


def small_answers_come_at_once(_lake, client):
    """A small answer does not wait until the client acknowledges its first packet (40 ms)."""
    call = descriptor(command("CommandGetTableTypes"))
    seconds = []
    for _ in range(21):
        start = time.perf_counter()
        client.get_flight_info(call)
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    assert median < 0.025, f"a call takes {median * 1000:.0f} ms"


def ticket_is_wrong(ticket, _, client):
    """A ticket that the server did not make is refused."""
    refused(get, client, ticket)


def handle_is_wrong(_, client):
    """A handle that the server did not make is refused by every call that takes one."""
    wrong = prepared(b"garbage")
    refused(client.get_flight_info, descriptor(wrong))
    refused(get, client, wrong)
    refused(put, client, wrong, pa.table({"$1": ["x"]}))


def descriptor_is_wrong(message, _, client):
    """A command that is none is refused."""
    refused(client.get_flight_info, descriptor(message))


def action_is_wrong(kind, body, _, client):
    """An action that is none, or one that would write, is refused."""
    refused(act, client, kind, body)


def write_is_refused(message, _, client):
    """Rows cannot be sent to be written."""
    refused(put, client, message, pa.table({"siren": ["242900074"]}))


def parameters_are_bound(_, client):
    """A handle takes a row of parameters, then another; the query is run for each of them."""
    handle = prepare(client, "select $1 as a")
    first = bind(client, handle, pa.table({"$1": ["one"]}))
    second = bind(client, first, pa.table({"$1": ["two"]}))
    is_equal(get(client, prepared(first)), [{"a": "one"}])
    is_equal(get(client, prepared(second)), [{"a": "two"}])
    both = bind(client, handle, pa.table({"$1": ["one", "two"]}))
    is_equal(get(client, prepared(both)), [{"a": "one"}, {"a": "two"}])
    none = bind(client, handle, pa.table({"$1": pa.array([], pa.int64())}))
    found = client.do_get(flight.Ticket(prepared(none))).read_all()
    is_equal((found.num_rows, found.schema), (0, pa.schema([("a", pa.int64())])))
    text = refused(bind, client, handle, pa.table({"$1": ["one"] * 1001}))
    assert "at most 1000 rows" in text, f"the message is {text!r}"


def checks():
    """Returns (name, check) for all of this file."""
    plain = [
        info_is_told,
        info_is_chosen,
        types_are_told,
        types_are_chosen,
        keys_are_none,
        handle_is_wrong,
        parameters_are_bound,
        small_answers_come_at_once,
    ]
    yield from ((check.__name__, called(check)) for check in plain)
    tickets = {
        "empty": b"",
        "garbage": b"garbage",
        "unknown": command("Unknown"),
        "no_handle": command("TicketStatementQuery"),
        "garbage_handle": command("TicketStatementQuery", field(1, b"garbage")),
        "a_command": statement("select 1"),
    }
    for name, ticket in tickets.items():
        yield f"ticket_is_wrong {name}", called(partial(ticket_is_wrong, ticket))
    descriptors = {"empty": b"", "garbage": b"garbage", "unknown": command("Unknown")}
    for name, message in descriptors.items():
        yield f"descriptor_is_wrong {name}", called(partial(descriptor_is_wrong, message))
    actions = {
        "unknown": ("Unknown", b""),
        "garbage": ("CreatePreparedStatement", b"garbage"),
        "begin": ("BeginTransaction", command("ActionBeginTransactionRequest")),
    }
    for name, arguments in actions.items():
        yield f"action_is_wrong {name}", called(partial(action_is_wrong, *arguments))
    writes = {
        "update": command("CommandStatementUpdate", field(1, b"drop table core.acts")),
        "ingest": command("CommandStatementIngest"),
    }
    for name, message in writes.items():
        yield f"write_is_refused {name}", called(partial(write_is_refused, message))
