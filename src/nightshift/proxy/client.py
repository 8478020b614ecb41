"""A client's connection: requests in, answers out, one after another.

Pipelined requests are read ahead, up to a limit, and answered in order. Reading goes on while a request is in
progress, because that is how a client's leaving is noticed; an EOF means that it has left, even if it could
still read (no client of these APIs closes one half).
"""

import asyncio
from collections import deque
from typing import Protocol, cast

from nightshift.proxy.answer import Answer
from nightshift.proxy.errors import ApiError
from nightshift.proxy.limits import Limits
from nightshift.proxy.request import HttpRequest, RequestReader


class InProgress(Protocol):
    """The request that a connection is busy with."""

    def client_gone(self) -> None:
        """The client left."""

    def pause(self) -> None:
        """The client reads too slowly: send no more for now."""

    def resume(self) -> None:
        """The client has read what was sent."""


class Site(Protocol):
    """What requests are for: the balancer behind this connection."""

    def joined(self, client: "Client") -> None:
        """A connection is open."""

    def departed(self, client: "Client") -> None:
        """A connection has ended."""

    def serve(self, request: HttpRequest, answer: Answer, client: "Client") -> InProgress | None:
        """Answer now, or begin to and call `Client.answered` in the end. Raises `ApiError`."""

    def error_lines(self) -> bytes:
        """Header lines of an answer to what never became a request."""


class Client(asyncio.Protocol):
    """One connection of a client, or of a peer that hands requests over."""

    __slots__ = (
        "_deaf",
        "_in_progress",
        "_limits",
        "_linger",
        "_owes_continue",
        "_reader",
        "_serving",
        "_site",
        "_transport",
        "_waiting",
        "_write_paused",
    )

    def __init__(self, site: Site, limits: Limits) -> None:
        self._site = site
        self._limits = limits
        self._reader: RequestReader | None = RequestReader(self, limits)
        self._transport: asyncio.Transport
        self._waiting: deque[HttpRequest | ApiError] = deque()
        self._in_progress: InProgress | None = None
        self._serving = False
        """Whether the loop over `_waiting` runs, so that answers given at once do not recurse."""
        self._deaf = False
        """Whether what still comes in is thrown away."""
        self._owes_continue = False
        self._write_paused = False
        self._linger: asyncio.TimerHandle | None = None

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._site.joined(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._deaf or self._reader is None:
            return
        try:
            self._reader.feed(data)
        except ApiError as error:
            self._deaf = True
            self._waiting.append(error)
        self._serve_waiting()
        if len(self._waiting) > self._limits.pipelined:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport closes itself, after what is written has left."""
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._leave()
        self._site.departed(self)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._linger is not None:
            self._linger.cancel()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._write_paused = True
        if self._in_progress is not None:
            self._in_progress.pause()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._write_paused = False
        if self._in_progress is not None:
            self._in_progress.resume()

    # Called by the reader

    def request_complete(self, request: HttpRequest) -> None:
        """See `request.Receiver`."""
        self._owes_continue = False
        self._waiting.append(request)
        if not request.keep_alive:
            self._deaf = True

    def body_awaited(self) -> None:
        """See `request.Receiver`."""
        self._owes_continue = True

    # Called by who answers

    @property
    def write_paused(self) -> bool:
        """Whether the client has not read what was sent already."""
        return self._write_paused

    def answered(self, answer: Answer) -> None:
        """The request in progress is answered, to its end."""
        self._in_progress = None
        if not answer.keep_alive:
            self._close()
        self._serve_waiting()

    def cut(self) -> None:
        """End the connection where the answer stands: incomplete, and visibly so."""
        self._in_progress = None
        self._deaf = True
        self._waiting.clear()
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once, with what is unsent."""
        self._transport.abort()

    # The requests of this connection, in order

    def _serve_waiting(self) -> None:
        if self._serving:
            return
        self._serving = True
        try:
            while self._waiting and self._in_progress is None:
                self._serve(self._waiting.popleft())
        finally:
            self._serving = False
        if self._in_progress is None and not self._transport.is_closing():
            self._transport.resume_reading()
            if self._owes_continue and not self._deaf:
                self._owes_continue = False
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _serve(self, request: HttpRequest | ApiError) -> None:
        if isinstance(request, ApiError):
            Answer(self._transport, _UNREADABLE).error(request, self._site.error_lines())
            self._close()
            return
        answer = Answer(self._transport, request)
        try:
            self._in_progress = self._site.serve(request, answer, self)
        except ApiError as error:
            answer.error(error, self._site.error_lines())
        if self._in_progress is None and not answer.keep_alive:
            self._close()

    def _close(self) -> None:
        """Close, after the client has had time to read the answer.

        Closing with unread bytes resets the connection and can destroy the answer on its way (RFC 9112
        9.6): so only our half is closed, and what still comes is read and thrown away, for a while.
        """
        self._deaf = True
        self._waiting.clear()
        if self._linger is None and not self._transport.is_closing():
            if self._transport.can_write_eof():  # TLS cannot close one half
                self._transport.write_eof()
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(self._limits.linger_s, self._transport.close)

    def _leave(self) -> None:
        """The client is gone: nobody waits for what it asked any more."""
        self._deaf = True
        self._waiting.clear()
        in_progress, self._in_progress = self._in_progress, None
        if in_progress is not None:
            in_progress.client_gone()
            self._transport.abort()


_UNREADABLE = HttpRequest("", b"", "", http11=True, keep_alive=False, headers=[], fields={})
"""Stands for a request that could not be read, where its error is answered."""
