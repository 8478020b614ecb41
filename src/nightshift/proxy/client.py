"""A client's connection: requests in, answers out, one after another.

A request is read off the connection when the one before is answered and its answer taken, so nothing parsed
waits; what comes meanwhile waits as bytes, up to a limit. While a request is in progress reading never stops,
because that is how a client's leaving is noticed: more bytes than the limit are thrown away, and the
connection is closed after the answer (RFC 9112 9.3.2: who pipelines must be ready to send again). An EOF
means that the client has left, even if it could still read (no client of these APIs closes one half).

At any time one clock at most runs against the client: for its silence between requests, for its head, for
its body; none while it waits for us. Beside them, one for taking what is sent to it.
"""

import asyncio
import sys
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Final, Protocol, cast

from nightshift.proxy.access.tls import certified
from nightshift.proxy.answer import Answer
from nightshift.proxy.doors import party
from nightshift.proxy.edge import Connection, Edge
from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest, RequestReader
from nightshift.proxy.timeouts import Deadlines

_REQUESTS_PER_TURN: Final = 16
"""Pipelined requests answered before other connections get their turn."""


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

    def turned_away(self, error: ApiError) -> None:
        """A connection was not let in."""

    def refused(self, error: ApiError) -> None:
        """Something was refused that never became a request to be placed."""

    def expected(self, request: HttpRequest, client: "Client") -> None:
        """Look at a request whose body is not here yet. Raises `ApiError` to have none of it."""

    def serve(self, request: HttpRequest, answer: Answer, client: "Client") -> InProgress | None:
        """Answer now, or begin to and call `Client.answered` in the end. Raises `ApiError`."""

    def error_lines(self) -> bytes:
        """Header lines of an answer to what never became a request."""


class Client(asyncio.Protocol):
    """One connection of a client, or of a peer that hands requests over."""

    __slots__ = (
        "_clock",
        "_deaf",
        "_edge",
        "_in_progress",
        "_inside",
        "_looked_at",
        "_reader",
        "_serving",
        "_site",
        "_transport",
        "_unread",
        "_write_paused",
        "_yielding",
        "certified",
        "party",
    )

    def __init__(self, site: Site, edge: Edge) -> None:
        self._site = site
        self._edge = edge
        self._reader = RequestReader(edge.limits)
        self._transport: asyncio.Transport
        self._inside = False
        self.party = ""
        """Who was let in by the doors; empty for who was not."""
        self.certified = False
        """Whether the other side has shown a certificate of the service."""
        self._in_progress: InProgress | None = None
        self._looked_at = False
        """Whether the site has looked at the request whose body is awaited."""
        self._serving = False
        """Whether the loop over requests runs, so that answers given at once do not recurse."""
        self._yielding = False
        """Whether that loop has been put off to let others have their turn."""
        self._deaf = False
        """Whether what still comes in is thrown away."""
        self._unread = False
        """Whether reading is paused."""
        self._write_paused = False
        self._clock: Deadlines[Connection] | None = None
        """The clock that runs against the client."""

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self.certified = certified(transport)
        self._transport.set_write_buffer_limits(high=self._edge.limits.write_buffer_bytes)
        self._site.joined(self)
        client = party(transport.get_extra_info("peername"))
        error = self._edge.doors.enter(client)
        if error is None:
            self.party = client
            self._inside = True
            self._run(self._edge.idle)
            return
        self._site.turned_away(error)
        if self._edge.is_besieged:
            self.abort()
        else:
            self._say_no(error, _UNREADABLE)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._deaf:
            return
        self._reader.feed(data)
        if self._in_progress is None:
            self._go_on()
        unread_bytes = self._reader.unread_bytes
        if unread_bytes and unread_bytes > self._edge.limits.pipelined_bytes:
            self._bound_what_waits()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport closes itself, after what is written has left."""
        self._leave()
        if self.unsent_bytes():
            self._edge.stalled.start(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._leave()
        edge = self._edge
        edge.stalled.stop(self)
        edge.lingering.stop(self)
        if self._inside:
            self._inside = False
            edge.doors.leave(self.party)
        self._site.departed(self)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._write_paused = True
        self._edge.stalled.start(self)
        if self._in_progress is not None:
            self._in_progress.pause()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._write_paused = False
        self._edge.stalled.stop(self)
        if self._in_progress is not None:
            self._in_progress.resume()
        else:
            self._go_on()

    def limits_changed(self) -> None:
        """Go by the limits that `edge` has now; a request that has begun keeps its own."""
        self._reader.use(self._edge.limits)
        self._transport.set_write_buffer_limits(high=self._edge.limits.write_buffer_bytes)

    # Called by who answers

    @property
    def write_paused(self) -> bool:
        """Whether the client has not read what was sent already."""
        return self._write_paused

    def answered(self, answer: Answer) -> None:
        """The request in progress is answered, to its end."""
        self._in_progress = None
        if self._deaf or not answer.keep_alive:
            self._close()
        elif self._reader.unread_bytes or self._serving or self._unread:
            self._go_on()
        else:
            self._run(self._edge.idle)

    def cut(self) -> None:
        """End the connection where the answer stands: incomplete, and visibly so."""
        self._in_progress = None
        self._close()

    # Called when time is up; see `edge.Connection`

    def abort(self) -> None:
        """Drop the connection at once, with what is unsent."""
        self._transport.abort()

    def idle_too_long(self) -> None:
        """No request for too long: close without a word (RFC 9112 9.5); at once if it reads nothing."""
        self._deaf = True
        if self.unsent_bytes():
            self._transport.abort()
        else:
            self._transport.close()

    def too_slow(self) -> None:
        """A request does not get whole (RFC 9110 15.5.9)."""
        what = "head" if self._reader.incomplete is None else "body"
        error = ApiError(
            408,
            "request_timeout",
            f"the request's {what} took too long to arrive: send it at once",
            close=True,
        )
        self._refuse(error, self._reader.incomplete or _UNREADABLE)

    def lingered(self) -> None:
        """Close for good. What is not sent yet still gets its time."""
        self._transport.close()
        if self.unsent_bytes():
            self._edge.stalled.start(self)

    def unsent_bytes(self) -> int:
        """How much of what was written waits in this process."""
        return self._transport.get_write_buffer_size()

    def untaken_bytes(self) -> int:
        """How much of what was written the other side has not taken, with what the kernel holds.

        A kernel takes more from us only when a third of its buffer is free, and that may be megabytes.
        """
        sock = self._transport.get_extra_info("socket")
        if sock is None:
            return self.unsent_bytes()
        held: bytes = ioctl(sock.fileno(), TIOCOUTQ, bytes(4))
        return self.unsent_bytes() + int.from_bytes(held, sys.byteorder)

    # The requests of this connection, in order

    def _go_on(self) -> None:
        """Serve what is there, or see to it that more comes."""
        if self._serving or self._yielding:
            return
        self._serving = True
        try:
            self._serve_what_is_here()
        except ApiError as error:
            self._refuse(error, self._reader.incomplete or _UNREADABLE)
        finally:
            self._serving = False
        if self._unread and not self._write_paused and not self._yielding:
            self._read_on()

    def _serve_what_is_here(self) -> None:
        turn = _REQUESTS_PER_TURN
        while self._in_progress is None and not self._write_paused and not self._deaf:
            request = self._reader.next()
            if request is None:
                self._await_more()
                return
            if self._clock is not None:
                self._run(None)
            self._serve(request)
            turn -= 1
            if not turn and self._reader.unread_bytes:
                self._yielding = True
                asyncio.get_running_loop().call_soon(self._next_turn)
                return

    def _next_turn(self) -> None:
        self._yielding = False
        if not self._deaf:
            self._go_on()

    def _await_more(self) -> None:
        """Start the clock for what is missing, and invite the body if the client waits for that."""
        reader, edge = self._reader, self._edge
        request = reader.incomplete
        if request is None:
            self._run(edge.heads if reader.in_head else edge.idle)
            return
        self._run(edge.bodies)
        if not self._looked_at:
            self._looked_at = True
            self._site.expected(request, self)
            if reader.awaits_continue:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _serve(self, request: HttpRequest) -> None:
        self._looked_at = False
        if not request.keep_alive:
            self._deaf = True
        answer = Answer(self._transport, request)
        try:
            self._in_progress = self._site.serve(request, answer, self)
        except ApiError as error:
            self._site.refused(error)
            answer.error(error, self._site.error_lines())
        if self._in_progress is None and not answer.keep_alive:
            self._close()

    def _run(self, clock: Deadlines[Connection] | None) -> None:
        """Let this clock run, and no other."""
        if clock is self._clock:
            return
        if self._clock is not None:
            self._clock.stop(self)
        self._clock = clock
        if clock is not None:
            clock.start(self)

    def _bound_what_waits(self) -> None:
        """See to it that no more waits than may: what is incomplete and its turn is not meant."""
        if self._in_progress is not None:
            self._deaf = True
            self._reader = RequestReader(self._edge.limits)
        elif (self._write_paused or self._yielding) and not self._unread:
            self._unread = True
            self._transport.pause_reading()

    def _read_on(self) -> None:
        if self._unread:
            self._unread = False
            self._transport.resume_reading()

    # How it ends

    def _refuse(self, error: ApiError, request: HttpRequest) -> None:
        """Answer to what cannot be read to its end; nothing after it can be read either."""
        self._site.refused(error)
        self._say_no(error, request)

    def _say_no(self, error: ApiError, request: HttpRequest) -> None:
        answer = Answer(self._transport, request)
        answer.keep_alive = False
        answer.error(error, self._site.error_lines())
        self._close()

    def _close(self) -> None:
        """Close, after the client has had time to read the answer.

        Closing with unread bytes resets the connection and can destroy the answer on its way (RFC 9112
        9.6): so only our half is closed, and what still comes is read and thrown away, for a while. TLS
        has no half to close: what was asked whole is answered and closed, and the rest lingers.
        """
        transport = self._transport
        unread_bytes = self._reader.unread_bytes if self._reader.incomplete is None else 1
        self._stop_listening()
        if transport.is_closing():
            return
        if transport.can_write_eof():
            transport.write_eof()
        elif not unread_bytes:
            self.lingered()
            return
        self._read_on()
        self._edge.lingering.start(self)

    def _leave(self) -> None:
        """The client is gone: nobody waits for what it asked any more."""
        self._stop_listening()
        in_progress, self._in_progress = self._in_progress, None
        if in_progress is not None:
            in_progress.client_gone()
            self._transport.abort()

    def _stop_listening(self) -> None:
        self._deaf = True
        self._run(None)
        self._reader = RequestReader(self._edge.limits)  # what the old one held is not needed any more


_UNREADABLE: Final = HttpRequest("", b"", "", http11=True, keep_alive=False, headers=[], fields={})
"""Stands for a request that could not be read, where its error is answered."""
