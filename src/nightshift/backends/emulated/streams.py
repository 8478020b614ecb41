"""How tokens get from a step to the client.

A step hands each token to its request's receiver. A streaming receiver writes the event to the
connection right there, with the HTTP chunk around it: no task is woken for a token, only for the end of
the answer. What a slow client has not read waits in the connection's buffer, at most one answer.
"""

import asyncio
from collections.abc import Callable

from nightshift.backends.emulated.replies import EventFormat, usage
from nightshift.engine.engine import Token
from nightshift.engine.request import EngineRequest
from nightshift.engine.tokens import BYTES_PER_TOKEN

Frame = Callable[[bytes], bytes]


def chunked(payload: bytes) -> bytes:
    """Return `payload` as one chunk of HTTP/1.1's chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def unframed(payload: bytes) -> bytes:
    """Return `payload` as it is, for HTTP/1.0, where the end of the connection ends the body."""
    return payload


class WholeReceiver:
    """Waits for the end of an answer that is sent in one piece."""

    def __init__(self, done: asyncio.Future[int]) -> None:
        # Its result: the cached tokens of the prompt.
        self.done = done

    def receive(self, token: Token) -> None:
        """See `Receiver`."""
        if token.finished and not self.done.done():
            self.done.set_result(token.cached_tokens)


class StreamReceiver:
    """Writes each token to the client as it comes."""

    def __init__(
        self,
        request: EngineRequest,
        events: EventFormat,
        transport: asyncio.WriteTransport,
        done: asyncio.Future[None],
        *,
        frame: Frame,
        include_usage: bool,
    ) -> None:
        self.done = done
        self._request = request
        self._answer = request.answer
        self._events = events
        self._transport = transport
        self._frame = frame
        self._include_usage = include_usage
        # Every token has 4 bytes, so that the frame around it is always the same.
        empty = b"\x00" * BYTES_PER_TOKEN
        self._head, self._tail = frame(events.token_head + empty + events.token_tail).split(empty)

    def receive(self, token: Token) -> None:
        """See `Receiver`."""
        end = token.position * BYTES_PER_TOKEN
        event = self._head + self._answer[end - BYTES_PER_TOKEN : end] + self._tail
        if token.position == 1:
            opening = self._events.opening()
            event = (self._frame(opening) if opening else b"") + event
        if token.finished:
            event += self._frame(self._closing(token))
        # A client that left is gone before its handler is cancelled, and writing to it raises on uvloop.
        if not self._transport.is_closing():
            self._transport.write(event)
        if token.finished and not self.done.done():
            self.done.set_result(None)

    def _closing(self, token: Token) -> bytes:
        counts = usage(self._request, token.cached_tokens) if self._include_usage else None
        return self._events.closing(self._request.finish_reason, counts)
