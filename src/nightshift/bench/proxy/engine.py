"""`python -m nightshift.bench.proxy.engine FD...`: an upstream that costs as little as possible.

Canned answers on every inherited listening socket, for each the pages by which routers recognise an engine.
A chat request gets one answer at once, or a stream of paced chunks. It is no model of an engine: it never
queues, so a balancer that places by pending requests always finds room.
"""

import asyncio
import gc
import socket
import sys
from time import monotonic_ns
from typing import cast

import httptools
import uvloop

from nightshift.bench.proxy import traffic
from nightshift.processes import address_of, announce_ready, die_with_parent

_METRICS = b"""\
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="bench-model"} 1.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="bench-model"} 0.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="bench-model"} 0.1
"""
_JSON = b"application/json"
_INFO = traffic.page(
    b'{"model_path":"bench-model","served_model_name":"bench-model","is_generation":true}', _JSON
)
_PAGES = {
    b"/health": traffic.page(b"{}", _JSON),
    b"/health_generate": traffic.page(b"{}", _JSON),
    b"/metrics": traffic.page(_METRICS, b"text/plain; version=0.0.4"),
    b"/v1/models": traffic.page(
        b'{"object":"list","data":[{"id":"bench-model","object":"model","owned_by":"vllm","root":"bench-model"}]}',
        _JSON,
    ),
    b"/version": traffic.page(b'{"version":"0.11.0"}', _JSON),
    **dict.fromkeys((b"/get_model_info", b"/model_info", b"/get_server_info", b"/server_info"), _INFO),
}
_NOT_FOUND = traffic.page(b'{"error":{"message":"no such page"}}', _JSON, b"404 Not Found")
_ANSWER = traffic.answer()
_END = traffic.stream_end()


class Connection(asyncio.Protocol):
    """One connection of a proxy or client; one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._path = b""
        self._body: list[bytes] = []
        self._chunks, self._gap_s = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.WriteTransport, transport)  # what TCP gives; uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        """Write no more."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a peer that does not speak HTTP is cut off."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.abort()

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._path = url.partition(b"?")[0]
        self._body.clear()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser: answer."""
        if self._transport is None:
            return
        if not self._path.startswith(b"/v1/") or self._path not in _CHATS:
            self._transport.write(_PAGES.get(self._path, _NOT_FOUND))
            return
        body = b"".join(self._body)
        if any(spelling in body for spelling in traffic.STREAMED):
            self._chunks, self._gap_s = traffic.pace_of(body)
            self._transport.write(traffic.STREAM_HEAD)
            self._next_chunk(0, self._loop.time())
        else:
            self._transport.write(_ANSWER)

    def _next_chunk(self, number: int, start: float) -> None:
        """Write a chunk and plan the next by the clock of the stream, so that lateness does not add up."""
        if self._transport is None:
            return
        if number == self._chunks:
            self._transport.write(_END)
            return
        self._transport.write(traffic.chunk(monotonic_ns()))
        self._loop.call_at(start + (number + 1) * self._gap_s, self._next_chunk, number + 1, start)


_CHATS = frozenset({b"/v1/chat/completions", b"/v1/completions"})


async def serve(fds: list[int]) -> None:
    """Serve on these sockets until cancelled."""
    loop = asyncio.get_running_loop()
    sockets = [socket.socket(fileno=fd) for fd in fds]
    servers = [await loop.create_server(Connection, sock=sock, backlog=4096) for sock in sockets]
    announce_ready(addresses=[address_of(sock) for sock in sockets])
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    die_with_parent()
    gc.freeze()
    uvloop.run(serve([int(fd) for fd in sys.argv[1:]]))
