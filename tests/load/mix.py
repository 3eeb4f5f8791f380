"""What dashboards and analysts ask: 70 % points, 20 % scans, 10 % heavy, over the three doors.

Every answer is compared, row by row, with what the command line answers on the two states of the
lake between which a refresh goes to and fro.
"""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import asyncpg
from pyarrow import flight

from raw_flight import descriptor, statement
from wire import Http, Refused

POINTS = {
    "A02": "online_tender_rate",
    "A04": "electronic_bid_rate",
    "A08": "act_transmission_rate",
    "A15": "overall_rate",
    "B01": "membership_rate",
}
SIRENS = ("213502388", "242900074", "233500016", "225600014", "222900011", "200039022")
SCANS = (
    "select act_id, siren, cast(decision_date as varchar) as day, is_transmitted "
    "from core.acts where siren = '213502388'",
    "select act_id, nature_code from core.acts where period = '2026' and subject_code like '7%'",
    "select siren, name, population_count from core.authority_years where period = '2025'",
)
HEAVY = (
    "select siren, period, nature_code, count(*) as acts, count(distinct subject_code) as subjects "
    "from core.acts group by siren, period, nature_code having count(*) > 5",
    "select y.family, a.period, count(*) as acts, count(distinct a.siren) as authorities "
    "from core.acts as a join core.authority_years as y on y.siren = a.siren and y.period = a.period "
    "group by y.family, a.period",
    "select c.period, count(*) as bids, count(distinct b.siren) as authorities, max(b.lot_id) as lot "
    "from core.bids as b join core.consultations as c on c.consultation_id = b.consultation_id "
    "group by c.period",
)
SHARES = {"point": 70, "scan": 20, "heavy": 10}

# Threads of Flight's client.
THREADS = 48

# The file that a refresh finds changed each time, in the inbox.
CHANGED = "acts/acts-synthetic-2026.csv"


@dataclass(frozen=True)
class Query:
    """One query: with a path of its own over HTTP, and one parameter, or with neither."""

    sql: str
    path: str = ""
    siren: str = ""

    @property
    def literal(self):
        """The query without a parameter."""
        return self.sql.replace("$1", f"'{self.siren}'")


def point(indicator, siren):
    """Returns the query of one indicator of one authority."""
    sql = f"select * from indicator.{POINTS[indicator]} where siren = $1"
    return Query(sql, f"/indicators/{indicator}?siren={siren}", siren)


QUERIES = {
    "point": [point(indicator, siren) for indicator in POINTS for siren in SIRENS],
    "scan": [Query(sql) for sql in SCANS],
    "heavy": [Query(sql) for sql in HEAVY],
}


def in_order(rows):
    """Returns rows that can be compared with others of no order."""
    return sorted(rows, key=repr)


def answers(lake):
    """Returns what the command line answers to every query."""
    found = {}
    for view in POINTS.values():
        rows = lake.query(f"select * from indicator.{view}").to_pylist()
        for indicator in (name for name, of in POINTS.items() if of == view):
            for siren in SIRENS:
                own = [tuple(row.values()) for row in rows if row["siren"] == siren]
                found[point(indicator, siren)] = in_order(own)
    for query in (*QUERIES["scan"], *QUERIES["heavy"]):
        found[query] = in_order(tuple(row.values()) for row in lake.query(query.sql).to_pylist())
    return found


class Inbox:
    """The lake's inbox, of which one file has two states: with and without its last row."""

    def __init__(self, lake):
        self.lake, self.file = lake, lake.root / "inbox" / CHANGED
        self.whole = self.file.read_bytes()
        self.short = b"".join(self.whole.splitlines(keepends=True)[:-1])
        self.is_whole = True

    def change(self):
        """Goes to the other state."""
        self.is_whole = not self.is_whole
        self.file.write_bytes(self.whole if self.is_whole else self.short)

    def known(self):
        """Returns the right answers of either state, by query; the queries have to tell them."""
        whole = answers(self.lake)
        self.change()
        self.lake.run("refresh")
        short = answers(self.lake)
        assert whole != short, "the states of the lake answer the same"
        assert all(whole.values()), "a query has no rows"
        return {query: (whole[query], short[query]) for query in whole}


class FlightPool:
    """Clients of Flight, one a thread; the library waits without the lock of the interpreter."""

    def __init__(self, address, token=None):
        self.address, self.own = f"grpc://{address}", threading.local()
        headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        self.options = flight.FlightCallOptions(headers=headers)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flight")

    def _ask(self, sql):
        client = getattr(self.own, "client", None)
        if client is None:
            options = [("grpc.use_local_subchannel_pool", 1)]
            client = self.own.client = flight.connect(self.address, generic_options=options)
        start = time.perf_counter()
        [endpoint] = client.get_flight_info(descriptor(statement(sql)), self.options).endpoints
        table = client.do_get(endpoint.ticket, self.options).read_all()
        columns = [column.to_pylist() for column in table.columns]
        return list(zip(*columns, strict=True)), time.perf_counter() - start

    async def ask(self, sql):
        """Returns the rows of a query, and how long that took but for the wait for a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, self._ask, sql)


class Client:
    """One client, with a connection at each door, that asks one query at a time."""

    def __init__(self, house, pool, known, random, token=None):
        self.house, self.pool, self.known, self.random = house, pool, known, random
        self.token = token

    async def open(self):
        """Connects."""
        host, port = self.house.postgres
        user = "anonymous" if self.token is None else "somebody"
        self.postgres = await asyncpg.connect(
            host=host, port=port, user=user, password=self.token, database="carnac", ssl=False
        )
        self.http = await Http(self.house.http, self.token).open()
        return self

    async def close(self):
        """Leaves."""
        await self.postgres.close()
        self.http.writer.close()

    async def by_postgres(self, query):
        """Asks a prepared query, as drivers do."""
        parameters = [query.siren] if query.siren else []
        return [tuple(row) for row in await self.postgres.fetch(query.sql, *parameters)]

    async def by_http(self, query):
        """Asks for an indicator by its path, for anything else by SQL."""
        if self.http.reader.at_eof():
            # Kept alive, and not used for longer than the server waits.
            await self.http.open()
        if query.path:
            body = await self.http.request("GET", query.path)
        else:
            body = await self.http.request("POST", "/query?format=json", query.sql.encode())
        return [tuple(row.values()) for row in json.loads(body)]

    async def ask(self, query, door):
        """Asks a query; returns how long it took. Wrong rows are a failure."""
        start = time.perf_counter()
        if door == "Flight":
            rows, seconds = await self.pool.ask(query.literal)
        else:
            by = self.by_postgres if door == "PostgreSQL" else self.by_http
            rows, seconds = await by(query), None
        seconds = seconds or time.perf_counter() - start
        if in_order(rows) not in self.known[query]:
            raise Refused("wrong", f"rows over {door} of {query.literal}: {rows[:3]}")
        return seconds

    async def any(self):
        """Asks any query of the mix at any door; returns its kind and how long it took."""
        [kind] = self.random.choices(list(SHARES), list(SHARES.values()))
        query = self.random.choice(QUERIES[kind])
        door = self.random.choice(("PostgreSQL", "HTTP", "Flight"))
        return kind, await self.ask(query, door)
