"""`python -m nightshift.bench.proxy.load`: the client, a process that takes orders on standard input.

One JSON order a line, one JSON answer a line: `open` connects and asks once on each connection, so that what
a first use costs is not measured; `run` is what is measured, and closes the connections. The closed loop's
own work is kept small (a C parser, prepared bytes, no collector), since its waiting is part of every latency.
"""

import asyncio
import gc
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic_ns, process_time_ns
from typing import Any, cast

import httptools
import orjson
import uvloop

from nightshift.bench.proxy import traffic
from nightshift.bench.proxy.cells import CHUNKS, GAP_S, Cell
from nightshift.bench.proxy.statistics import percentile
from nightshift.processes import die_with_parent

_STAMP = re.compile(rb"t=(\d{1,20});")
_DONE = b"data: [DONE]"
_OPEN_S = 15.0
"""For connections and their first answers; a proxy on Python takes seconds for 200 of them."""


class Tally:
    """What one run counted. Times in nanoseconds."""

    def __init__(self) -> None:
        self.requests = 0
        self.latencies: list[int] = []
        """Of whole answers; in a stream, of each chunk from the engine's write to its arrival here."""
        self.first: list[int] = []
        """From asking to the first bytes of the body."""
        self.errors: Counter[str] = Counter()


class Connection(asyncio.Protocol):
    """One user: asks, waits for the whole answer, asks again until told to stop."""

    def __init__(self, order: "Order", number: int) -> None:
        self._order = order
        self.number = number
        self._transport: asyncio.WriteTransport | None = None
        self._parser: Any = None
        self._rest = b""
        self._stamps = 0
        self._sent_ns = 0
        self._first_ns = 0
        self.asking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.WriteTransport, transport)  # what TCP gives; uvloop's is no subclass

    def ask(self, request: bytes) -> None:
        """Send a request, unless the connection is gone: then that is the answer."""
        if self._transport is None:
            self._order.over(self, "connection lost")
            return
        self._parser = httptools.HttpResponseParser(self)
        self._rest, self._stamps, self._first_ns = b"", 0, 0
        self.asking = True
        self._sent_ns = monotonic_ns()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(f"no HTTP: {error}")

    def on_body(self, body: bytes) -> None:
        """Called by the parser, without the chunked framing."""
        now = monotonic_ns()
        if not self._first_ns:
            self._first_ns = now
        self._rest += body
        if self._order.streams:
            at = 0
            for stamp in _STAMP.finditer(self._rest):
                self._order.tally.latencies.append(now - int(stamp[1]))
                self._stamps += 1
                at = stamp.end()
            self._rest = self._rest[at:]

    def on_message_complete(self) -> None:
        """Called by the parser: the answer is whole."""
        status = self._parser.get_status_code()
        if status != 200:
            self._end(f"status {status}: {self._rest[:120].decode(errors='replace')}")
        elif self._order.streams:
            whole = self._stamps == CHUNKS and _DONE in self._rest
            self._end(None if whole else f"stream cut after {self._stamps} chunks")
        elif not self._rest.startswith(b"{"):
            self._end("an answer that is no JSON object")
        else:
            self._order.took(monotonic_ns() - self._sent_ns)
            self._end(None)

    def _end(self, problem: str | None) -> None:
        if self.asking:
            self.asking = False
            if self._first_ns and problem is None:
                self._order.tally.first.append(self._first_ns - self._sent_ns)
            self._order.over(self, problem)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the other side: an error while an answer is owed, else noticed at the next question."""
        self._transport = None
        self._end("connection closed in the middle")

    def close(self) -> None:
        """Close, whatever is under way."""
        self.asking = False
        if self._transport is not None:
            self._transport.abort()


class Order:
    """One measurement: opened, run once, closed."""

    def __init__(self, cell: Cell, addresses: list[str], salt: int) -> None:
        self.cell = cell
        self.tally = Tally()
        self.running = False
        self.streams = False
        """Whether answers are streams now; first uses are not."""
        self._addresses = [(host, int(port)) for host, _, port in (a.rpartition(":") for a in addresses)]
        self._loop = asyncio.get_running_loop()
        self._requests: Iterator[bytes] = traffic.requests(cell, salt)
        self._connections: list[Connection] = []
        self._stop_at = 0.0
        self._to_ask: int | None = None
        """Requests that are still to be asked, where a number of them is wanted and not a time."""
        self._left = 0
        self._all_over = asyncio.Event()

    async def open(self) -> None:
        """Connect, and ask once on each connection, one after another in groups that no queue refuses."""
        for number in range(self.cell.connections):
            host, port = self._addresses[number % len(self._addresses)]
            _, connection = await self._loop.create_connection(
                lambda number=number: Connection(self, number),  # type: ignore[misc] # a default argument
                host,
                port,
            )
            self._connections.append(connection)
        warming = traffic.warming_request(self.cell)
        await self._all(lambda connection: connection.ask(warming), _OPEN_S)

    async def run(self, duration_s: float, cap_s: float, requests: int | None = None) -> dict[str, Any]:
        """Ask for `duration_s` (0: once on each connection), let what is under way end, up to `cap_s`.

        With `requests`, ask that many in all (at least one on each connection), however long it takes.
        """
        first_errors, self.tally = self.tally.errors, Tally()
        self.tally.errors = first_errors
        self.running, self.streams = True, self.cell.stream
        started, cpu = self._loop.time(), process_time_ns()
        self._stop_at, self._to_ask = started + duration_s, requests
        # Streams begin spread over one gap, as nothing in the world would start 200 at once.
        step_s = GAP_S / self.cell.connections if self.cell.stream else 0.0
        await self._all(lambda c: self._loop.call_later(step_s * c.number, self._next, c), cap_s)
        elapsed_s, cpu_ns = self._loop.time() - started, process_time_ns() - cpu
        unfinished = sum(connection.asking for connection in self._connections)
        self.close()
        return self._result(elapsed_s, cpu_ns / 1e9, unfinished)

    def close(self) -> None:
        """Close all connections."""
        self.running = False
        for connection in self._connections:
            connection.close()

    def took(self, ns: int) -> None:
        """A whole answer took this long."""
        self.tally.latencies.append(ns)

    def over(self, connection: Connection, problem: str | None) -> None:
        """A request is over; the connection that saw a problem is not used again."""
        if problem is not None:
            self.tally.errors[problem] += 1
        else:
            self.tally.requests += 1
            if self.running and self._goes_on():
                self._next(connection)
                return
        self._left -= 1
        if self._left == 0:
            self._all_over.set()

    def _goes_on(self) -> bool:
        return self._loop.time() < self._stop_at if self._to_ask is None else self._to_ask > 0

    def _next(self, connection: Connection) -> None:
        if self._to_ask is not None:
            self._to_ask -= 1
        connection.ask(next(self._requests))

    async def _all(self, begin: Callable[[Connection], object], cap_s: float) -> None:
        self._left = len(self._connections)
        self._all_over.clear()
        for connection in self._connections:
            begin(connection)
        try:
            async with asyncio.timeout(cap_s):
                await self._all_over.wait()
        except TimeoutError:
            return

    def _result(self, elapsed_s: float, cpu_s: float, unfinished: int) -> dict[str, Any]:
        tally = self.tally
        return {
            "requests": tally.requests,
            "units": len(tally.latencies),
            "elapsed_s": elapsed_s,
            "client_cpu_s": cpu_s,
            "errors": dict(tally.errors),
            "unfinished": unfinished,
            **_percentiles("latency", tally.latencies),
            **_percentiles("first", tally.first),
        }


def _percentiles(name: str, values_ns: list[int]) -> dict[str, float | None]:
    ordered = sorted(values_ns)
    shares = {"p50": 0.5, "p99": 0.99}
    return {
        f"{name}_{label}_ms": percentile(ordered, share) / 1e6 if ordered else None
        for label, share in shares.items()
    }


async def obey() -> None:
    """Carry out orders until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    order: Order | None = None
    while line := await reader.readline():
        said = orjson.loads(line)
        answer: dict[str, Any] = {}
        try:
            if said["do"] == "open":
                order = Order(Cell(**said["cell"]), said["addresses"], said["salt"])
                await order.open()
            elif order is not None:
                answer = await order.run(said["duration_s"], said["cap_s"], said["requests"])
                order = None
                gc.collect()
        except OSError as error:
            answer = {"failed": str(error)}
            if order is not None:
                order.close()
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    die_with_parent()
    gc.disable()
    uvloop.run(obey())
