"""The load notices every answer that is not whole; what it counts is what was served."""

import asyncio
from typing import Any, cast

import pytest

from nightshift.bench.proxy import traffic
from nightshift.bench.proxy.cells import CHUNKS, Cell
from nightshift.bench.proxy.load import Order

PLAIN, STREAM = Cell("plain", connections=2), Cell("stream", stream=True, connections=2)
WHOLE_STREAM = traffic.STREAM_HEAD + traffic.chunk(1) * CHUNKS + traffic.stream_end()


class Scripted(asyncio.Protocol):
    """A server's connection that gives one reply for each whole request, and may close after the last."""

    def __init__(self, replies: list[bytes], *, closes: bool, lost: asyncio.Semaphore) -> None:
        self._replies = replies
        self._closes = closes
        self._lost = lost
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        if len(body) == int(head.lower().partition(b"content-length: ")[2] or -1):
            self._received = b""
            self._transport.write(self._replies.pop(0))
            if self._closes and not self._replies:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.release()


async def load_against(cell: Cell, answer: bytes, *, closes: bool, cap_s: float) -> dict[str, Any]:
    """Put one request of each connection on a server that answers the first use well, then `answer`."""
    lost = asyncio.Semaphore(0)
    server = await asyncio.get_running_loop().create_server(
        lambda: Scripted([traffic.answer(), answer], closes=closes, lost=lost), "127.0.0.1", 0
    )
    async with server:
        host, port = server.sockets[0].getsockname()
        order = Order(cell, [f"{host}:{port}"], salt=0)
        await order.open()
        result = await order.run(0.0, cap_s)
        for _ in range(cell.connections):
            await lost.acquire()
    return result


@pytest.mark.parametrize(
    ("cell", "answer", "units"), [(PLAIN, traffic.answer(), 2), (STREAM, WHOLE_STREAM, 2 * CHUNKS)]
)
def test_whole_answers(cell: Cell, answer: bytes, units: int) -> None:
    result = asyncio.run(load_against(cell, answer, closes=False, cap_s=10))
    assert (result["requests"], result["units"]) == (2, units)
    assert (result["errors"], result["unfinished"]) == ({}, 0)
    assert 0 < result["latency_p50_ms"] <= result["latency_p99_ms"]
    assert result["first_p50_ms"] > 0


@pytest.mark.parametrize(
    ("cell", "answer", "problem"),
    [
        (PLAIN, traffic.page(b"full", b"text/plain", b"503 Service Unavailable"), "status 503: full"),
        (PLAIN, traffic.page(b"hello", b"text/plain"), "an answer that is no JSON object"),
        (PLAIN, traffic.answer()[:-1], "connection closed in the middle"),
        (PLAIN, b"", "connection closed in the middle"),
        (PLAIN, b"what?\r\n\r\n", "no HTTP: "),
        (STREAM, traffic.STREAM_HEAD + traffic.chunk(1) * 7 + b"0\r\n\r\n", "stream cut after 7 chunks"),
        (STREAM, WHOLE_STREAM.replace(b"[DONE]", b"[GONE]"), f"stream cut after {CHUNKS} chunks"),
        (STREAM, traffic.STREAM_HEAD + traffic.chunk(1), "connection closed in the middle"),
    ],
)
def test_broken_answers(cell: Cell, answer: bytes, problem: str) -> None:
    result = asyncio.run(load_against(cell, answer, closes=True, cap_s=10))
    (found,) = result["errors"]
    assert found.startswith(problem)
    assert (result["errors"][found], result["requests"], result["unfinished"]) == (2, 0, 0)


def test_what_is_not_answered_is_unfinished() -> None:
    result = asyncio.run(load_against(PLAIN, traffic.answer()[:-1], closes=False, cap_s=0.1))
    assert (result["requests"], result["errors"], result["unfinished"]) == (0, {}, 2)
    assert result["latency_p50_ms"] is None
