"""What a bad upstream does to one request: each fault a short script, by name.

The list is that of production incidents and of proxies' own test suites: connections that die at every stage,
answers that stall at every stage, framing that two readers could read differently, floods, errors with and
without Retry-After, answers before the request was read. `test_faults.py` says what a client gets for each
(docs/reference/limits.md), and which of them another replica can make good. What goes wrong around a
balancer, and not in an answer, is in `surroundings.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from nightshift.backends.emulated.replies import ChatShape, Envelope, EventFormat, whole_body
from nightshift.engine.request import EngineRequest

JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


class Call(Protocol):
    """A request, and the wire back to whoever sent it."""

    stream: bool
    asked: EngineRequest
    pause_s: float
    """Between two tokens."""

    async def send(self, data: bytes) -> None:
        """Write raw bytes, and wait while the other side does not read."""

    def close(self) -> None:
        """Close the connection, after what was written."""

    def reset(self) -> None:
        """Drop the connection with a RST."""


Play = Callable[[Call], Awaitable[None]]


def _events(call: Call) -> list[bytes]:
    """Return the events of a streamed answer: the role, a token each, the end."""
    form = EventFormat(Envelope("chatcmpl-1", 1, "m"), ChatShape())
    text = call.asked.answer
    tokens = [text[at : at + 4] for at in range(0, len(text), 4)]
    middle = [form.token_head + token + form.token_tail for token in tokens]
    return [form.opening(), *middle, form.closing(call.asked.finish_reason, None)]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _json(call: Call) -> bytes:
    return whole_body(Envelope("chatcmpl-1", 1, "m"), ChatShape(), call.asked, 0)


async def _first_words(call: Call) -> None:
    """Send the head, the role and three tokens of a stream, or the head and a part of a body."""
    if not call.stream:
        body = _json(call)
        await call.send(JSON_HEAD + b"content-length: %d\r\n\r\n" % len(body) + body[:20])
        return
    await call.send(STREAM_HEAD + CHUNKED)
    for event in _events(call)[:4]:
        await call.send(_chunk(event))
        await asyncio.sleep(call.pause_s)


async def well(call: Call) -> None:
    """No fault at all."""
    if call.stream:
        await call.send(STREAM_HEAD + CHUNKED)
        for event in _events(call):
            await call.send(_chunk(event))
            await asyncio.sleep(call.pause_s)
        await call.send(b"0\r\n\r\n")
    else:
        await asyncio.sleep(call.pause_s)
        body = _json(call)
        await call.send(JSON_HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)


async def _forever(call: Call) -> None:
    await asyncio.Event().wait()  # until the connection is gone, which cancels this


# Before any byte


async def reset(call: Call) -> None:
    """RST instead of an answer."""
    call.reset()


async def close(call: Call) -> None:
    """FIN instead of an answer."""
    call.close()


async def silent(call: Call) -> None:
    """No head, ever."""
    await _forever(call)


# Heads


async def head_then_stall(call: Call) -> None:
    """A head, and nothing after it."""
    await call.send((STREAM_HEAD if call.stream else JSON_HEAD) + CHUNKED)
    await _forever(call)


async def role_then_stall(call: Call) -> None:
    """The role, which is no content, and nothing after it."""
    await call.send(STREAM_HEAD + CHUNKED + _chunk(_events(call)[0]))
    await _forever(call)


async def role_then_reset(call: Call) -> None:
    """The role, which is no content, and then a RST."""
    await call.send(STREAM_HEAD + CHUNKED + _chunk(_events(call)[0]))
    await asyncio.sleep(call.pause_s)
    call.reset()


async def garbage_status(call: Call) -> None:
    """A status line that is none."""
    await call.send(b"HELLO 200 YES\r\ncontent-length: 0\r\n\r\n")


async def length_and_coding(call: Call) -> None:
    """Content-Length beside Transfer-Encoding (RFC 9112 6.3: a possible smuggling attempt)."""
    await call.send(JSON_HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")


async def two_lengths(call: Call) -> None:
    """Two different Content-Lengths (RFC 9112 6.3: close, 502)."""
    await call.send(JSON_HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} ")


async def flood_of_1xx(call: Call) -> None:
    """Interim answers without end."""
    while True:
        await call.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 2000)
        await asyncio.sleep(0)


async def big_header(call: Call) -> None:
    """A header line of 1 MiB."""
    await call.send(JSON_HEAD + b"x-big: " + b"y" * 2**20 + b"\r\ncontent-length: 2\r\n\r\n{}")


async def folded_header(call: Call) -> None:
    """A folded line (RFC 9112 5.2: a proxy replaces it, or answers 502)."""
    await call.send(JSON_HEAD + b"x-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\n{}")


async def nul_in_header(call: Call) -> None:
    """A NUL in a value (RFC 9110 5.5)."""
    await call.send(JSON_HEAD + b"x-a: 1\x002\r\ncontent-length: 2\r\n\r\n{}")


async def unasked_101(call: Call) -> None:
    """A change of protocols that nobody has asked for."""
    await call.send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")


async def body_in_1xx(call: Call) -> None:
    """An interim answer that has a body, which two readers would find in different places (RFC 9110 8.6)."""
    await call.send(b"HTTP/1.1 103 Early Hints\r\ncontent-length: 2\r\n\r\n{}")
    await well(call)


# Amid the answer


async def stall(call: Call) -> None:
    """Some tokens, and nothing after them."""
    await _first_words(call)
    await _forever(call)


async def reset_mid_chunk(call: Call) -> None:
    """Some tokens, half a chunk, RST."""
    await _first_words(call)
    await call.send(b"40\r\ndata: {")
    await asyncio.sleep(call.pause_s)
    call.reset()


async def truncated(call: Call) -> None:
    """Some tokens, a chunk that is announced longer than it is, FIN."""
    await _first_words(call)
    await call.send(b"40\r\ndata: {" if call.stream else b"")
    call.close()


async def garbage_chunk(call: Call) -> None:
    """Some tokens, and a chunk size that is none."""
    await _first_words(call)
    await call.send(b"zz\r\ndata: {}\r\n")
    if not call.stream:
        call.close()


# Not wrong, and easy to get wrong


async def close_after(call: Call) -> None:
    """A whole answer that says keep-alive, and FIN right after it: the connection is stale when it is
    reused.
    """
    await well(call)
    call.close()


async def says_close(call: Call) -> None:
    """A whole answer with Connection: close."""
    if call.stream:
        events = b"".join(_chunk(event) for event in _events(call))
        await call.send(STREAM_HEAD + b"connection: close\r\n" + CHUNKED + events + b"0\r\n\r\n")
    else:
        body = _json(call)
        await call.send(JSON_HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    call.close()


async def ends_by_closing(call: Call) -> None:
    """A whole answer without length or chunks, as HTTP/1.0 has it."""
    data = b"".join(_events(call)) if call.stream else _json(call)
    head = STREAM_HEAD if call.stream else JSON_HEAD
    await call.send(head.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n" + data)
    call.close()


async def twice(call: Call) -> None:
    """Two answers to one request: the second is nobody's."""
    body = _json(call)
    answer = JSON_HEAD + b"content-length: %d\r\n\r\n" % len(body) + body
    await call.send(answer + answer)


async def with_1xx(call: Call) -> None:
    """An interim answer before the real one."""
    await call.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
    await well(call)


def _error(status: str, more: bytes = b"") -> Play:
    async def error(call: Call) -> None:
        body = b'{"error":{"message":"the engine says no","type":"t","param":null,"code":"c"}}'
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n".encode()
        await call.send(head + more + b"content-length: %d\r\n\r\n" % len(body) + body)

    return error


FAULTS: dict[str, Play] = {
    one.__name__: one
    for one in (
        well, reset, close, silent, head_then_stall, role_then_stall, role_then_reset, garbage_status,
        length_and_coding, two_lengths, flood_of_1xx, big_header, folded_header, nul_in_header, unasked_101,
        body_in_1xx,
        stall, reset_mid_chunk, truncated, garbage_chunk, close_after, says_close, ends_by_closing, twice,
        with_1xx,
    )
} | {
    "error_400": _error("400 Bad Request"),
    "error_404": _error("404 Not Found"),
    "error_429": _error("429 Too Many Requests"),
    "error_429_retry_after": _error("429 Too Many Requests", b"retry-after: 7\r\n"),
    "error_500": _error("500 Internal Server Error"),
    "error_502": _error("502 Bad Gateway"),
    "error_503": _error("503 Service Unavailable"),
    "error_503_retry_after": _error("503 Service Unavailable", b"retry-after: 7\r\n"),
}  # fmt: skip
