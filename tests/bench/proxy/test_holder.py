"""The client of many streams counts what comes whole, and notices what does not."""

import asyncio
from typing import Any, cast

import pytest

from nightshift.bench.proxy import traffic
from nightshift.bench.proxy.holder import Order

CHUNKS = 3
WHOLE = traffic.STREAM_HEAD + traffic.chunk(1) * CHUNKS + traffic.stream_end()


class Scripted(asyncio.Protocol):
    """Answers each request with these bytes, in pieces of some size, and may close then."""

    def __init__(self, answer: bytes, size: int, *, closes: bool, lost: asyncio.Semaphore) -> None:
        self._answer, self._size, self._closes, self._lost = answer, size, closes, lost
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert traffic.pace_of(data) == (CHUNKS, 0.05)
        self._send(0)

    def _send(self, at: int) -> None:
        self._transport.write(self._answer[at : at + self._size])
        if at + self._size < len(self._answer):
            self._loop.call_soon(self._send, at + self._size)
        elif self._closes:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.release()


async def held(answer: bytes, size: int, *, closes: bool, streams: int = 2) -> tuple[Any, Any, Any]:
    lost = asyncio.Semaphore(0)
    server = await asyncio.get_running_loop().create_server(
        lambda: Scripted(answer, size, closes=closes, lost=lost), "127.0.0.1", 0
    )
    async with server:
        host, port = server.sockets[0].getsockname()
        said = {"streams": streams, "chunks": CHUNKS, "gap_ms": 50, "rate": 1_000}
        order = Order({**said, "do": "open", "addresses": [f"{host}:{port}"]})
        opened = await order.open()
        counted = await order.hold(0.0)
        ended = await order.finish(0.2)
        for _ in range(streams):
            await lost.acquire()
    return opened, counted, ended


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_whole_streams_however_they_are_cut_up(size: int) -> None:
    _, _, ended = asyncio.run(held(WHOLE, size, closes=False))
    assert ended == {"whole": 2, "chunks": 2 * CHUNKS, "unfinished": 0, "errors": {}}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (traffic.STREAM_HEAD + traffic.chunk(1), "connection closed after 1 chunks"),
        (WHOLE.replace(b"[DONE]", b"[GONE]"), f"stream cut after {CHUNKS} chunks"),
        (WHOLE.replace(traffic.chunk(1), b"", 1), f"stream cut after {CHUNKS - 1} chunks"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", "connection closed after 0 chunks HTTP/1.1 503 Busy"),
        (WHOLE.replace(b"200 OK", b"500 No"), "answer: HTTP/1.1 500 No"),
    ],
)
def test_what_is_not_whole_is_lost(answer: bytes, problem: str) -> None:
    _, _, ended = asyncio.run(held(answer, 10_000, closes=True))
    ((said, count),) = ended["errors"].items()
    assert said.startswith(problem)
    assert (count, ended["whole"], ended["unfinished"]) == (2, 0, 0)


def test_open_ones_are_counted_and_those_without_an_end_are_unfinished() -> None:
    answer = traffic.STREAM_HEAD + traffic.chunk(1)
    opened, counted, ended = asyncio.run(held(answer, 10_000, closes=False))
    assert (opened["open"], counted["open"], opened["errors"]) == (2, 2, {})
    assert (ended["whole"], ended["unfinished"]) == (0, 2)


def test_nobody_listens() -> None:
    said = {"streams": 2, "chunks": 1, "gap_ms": 1, "rate": 1_000, "addresses": ["127.0.0.1:1"]}
    opened = asyncio.run(Order(said).open())
    ((problem, count),) = opened["errors"].items()
    assert problem.startswith("no connection: ")
    assert count == 2
