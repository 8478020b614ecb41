"""`python -m nightshift.bench.proxy.holder`: the client of many streams that are all open at once.

Takes orders like `load`: `open` begins the streams at a pace and answers when each has shown a chunk; `hold`
lets them run and counts; `finish` waits for their ends. It parses no more than it must (the stamps, the end
mark, the last chunk), because it shares two cores with what is measured. Clients have several addresses, as
so many would have, and because one has no more than 28,000 ports.
"""

import asyncio
import gc
import re
import socket
import sys
from collections import Counter
from time import monotonic_ns
from typing import Any, cast

import orjson
import uvloop

from nightshift.bench.proxy import traffic
from nightshift.bench.proxy.descriptors import raise_limit
from nightshift.bench.proxy.statistics import percentile
from nightshift.processes import die_with_parent

_STAMP = re.compile(rb"t=(\d{1,20});")
_OK = b"HTTP/1.1 200"
_DONE, _LAST = b"data: [DONE]", b"0\r\n\r\n"
_SHOWN = 120
_BY_ADDRESS = 2_000
"""Connections from one address of the loopback."""
_BIND_ADDRESS_NO_PORT = 24
"""ip(7): take the port at connect, when the destination is known; Python's `socket` has no name for it."""
_OPEN_CAP_S = 20.0


class Streams:
    """All streams of a measurement."""

    def __init__(self, count: int, chunks: int) -> None:
        self.count = count
        self.chunks = chunks
        self.begun = 0
        """Streams that have shown a chunk."""
        self.open = 0
        """Of these, the ones that are not at their end."""
        self.whole = 0
        self.arrived = 0
        self.latencies: list[int] = []
        self.errors: Counter[str] = Counter()
        self.all_begun = asyncio.Event()
        self.all_over = asyncio.Event()

    def chunk(self, latency_ns: int) -> None:
        """A chunk has arrived."""
        self.arrived += 1
        self.latencies.append(latency_ns)

    def first(self) -> None:
        """A stream has shown its first chunk."""
        self.begun += 1
        self.open += 1
        self._look()

    def over(self, problem: str | None, *, was_open: bool) -> None:
        """A stream has ended, well or not."""
        self.open -= was_open
        if problem is None:
            self.whole += 1
        else:
            self.errors[problem] += 1
        self._look()

    def _look(self) -> None:
        lost = sum(self.errors.values())
        if self.whole + lost == self.count:
            self.all_over.set()
            self.all_begun.set()
        elif self.open + self.whole + lost == self.count:
            self.all_begun.set()


class Stream(asyncio.Protocol):
    """One connection with one stream."""

    __slots__ = ("_rest", "_seen", "_streams", "_transport")

    def __init__(self, streams: Streams) -> None:
        self._streams: Streams | None = streams
        self._transport: asyncio.WriteTransport
        self._rest = b""
        self._seen = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.WriteTransport, transport)  # what TCP gives; uvloop's is no subclass

    def ask(self, request: bytes) -> None:
        """Ask for the stream."""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Count the stamps, and look for the end."""
        streams = self._streams
        if streams is None:
            return
        now = monotonic_ns()
        data = self._rest + data
        at = 0
        for stamp in _STAMP.finditer(data):
            at = stamp.end()
            self._seen += 1
            streams.chunk(now - int(stamp[1]))
            if self._seen == 1:
                if not data.startswith(_OK):
                    self._end(f"answer: {data[:_SHOWN].decode(errors='replace')}")
                    return
                streams.first()
        self._rest = data[at:]
        if self._rest.endswith(_LAST):
            whole = self._seen == streams.chunks and _DONE in self._rest
            self._end(None if whole else f"stream cut after {self._seen} chunks")

    def connection_lost(self, exc: Exception | None) -> None:
        """Too early, unless the stream has ended."""
        said = "" if self._seen else self._rest[:_SHOWN].decode(errors="replace")
        how = f"lost ({exc})" if exc else "closed"
        self._end(f"connection {how} after {self._seen} chunks {said}".rstrip())

    def close(self) -> None:
        """Close, whatever is under way; it counts for nothing any more."""
        self._streams = None
        self._transport.abort()

    def _end(self, problem: str | None) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams.over(problem, was_open=self._seen > 0)
            self._transport.abort()


class Order:
    """One measurement."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._said = said
        self._streams = Streams(said["streams"], said["chunks"])
        self._connections: list[Stream] = []
        self._request = traffic.paced_request(said["chunks"], said["gap_ms"])
        self._addresses = [
            (host, int(port)) for host, _, port in (a.rpartition(":") for a in said["addresses"])
        ]

    async def carry_out(self, said: dict[str, Any]) -> dict[str, Any]:
        """Do what an order says."""
        if said["do"] == "hold":
            return await self.hold(said["seconds"])
        return await (self.finish(said["cap_s"]) if said["do"] == "finish" else self.open())

    async def open(self) -> dict[str, Any]:
        """Begin all, `rate` in a second, and wait until each has shown a chunk."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(self._said["streams"]):
                ahead_s = start + number / self._said["rate"] - loop.time()
                if ahead_s > 0:
                    await asyncio.sleep(ahead_s)
                group.create_task(self._begin(number))
        await _within(self._streams.all_begun, _OPEN_CAP_S)
        return {
            "open": self._streams.open,
            "took_s": loop.time() - start,
            "errors": dict(self._streams.errors),
        }

    async def _begin(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        try:
            sock.bind((f"127.0.0.{2 + number // _BY_ADDRESS}", 0))
            await loop.sock_connect(sock, self._addresses[number % len(self._addresses)])
            _, stream = await loop.create_connection(lambda: Stream(self._streams), sock=sock)
        except OSError as error:
            sock.close()
            self._streams.over(f"no connection: {error}", was_open=False)
            return
        self._connections.append(stream)
        stream.ask(self._request)

    async def hold(self, seconds: float) -> dict[str, Any]:
        """Let them run for a while, and tell what came."""
        streams = self._streams
        streams.latencies.clear()
        before = streams.arrived
        await asyncio.sleep(seconds)
        ordered = sorted(streams.latencies)
        shares = {"latency_p50_ms": 0.5, "latency_p99_ms": 0.99}
        return {
            "open": streams.open,
            "chunks": streams.arrived - before,
            **{name: percentile(ordered, share) / 1e6 if ordered else None for name, share in shares.items()},
        }

    async def finish(self, cap_s: float) -> dict[str, Any]:
        """Wait until all have ended, and close those that have not."""
        streams = self._streams
        await _within(streams.all_over, cap_s)
        for connection in self._connections:
            connection.close()
        lost = sum(streams.errors.values())
        return {
            "whole": streams.whole,
            "chunks": streams.arrived,
            "unfinished": streams.count - streams.whole - lost,
            "errors": dict(streams.errors),
        }


async def _within(event: asyncio.Event, cap_s: float) -> None:
    try:
        async with asyncio.timeout(cap_s):
            await event.wait()
    except TimeoutError:
        return


async def obey() -> None:
    """Carry out orders until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    order: Order | None = None
    while line := await reader.readline():
        said = orjson.loads(line)
        if said["do"] == "open":
            order = Order(said)
        assert order is not None  # noqa: S101 - the first order is to open
        answer = await order.carry_out(said)
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    die_with_parent()
    raise_limit()
    gc.disable()
    uvloop.run(obey())
