"""A connection to a replica or a peer: one request at a time, its response read and told to a delivery.

Upstreams are half trusted: they crash, and may send garbage. A response whose framing is unclear is broken,
not guessed at; a head without end is cut off at a limit. Body bytes are told once for each block received,
not once for each chunk of the upstream's framing.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

from nightshift.proxy.fields import HeaderLines


@dataclass(slots=True, eq=False)
class ResponseHead:
    """Status and headers of a response. `fields` has the last value of each header."""

    status: int
    reason: bytes
    headers: HeaderLines
    fields: dict[bytes, bytes]

    @property
    def length(self) -> bytes | None:
        """The body's length, if it was told."""
        return self.fields.get(b"content-length")


class Delivering(Protocol):
    """Who sent the request that a connection is busy with."""

    @property
    def head_only(self) -> bool:
        """Whether the request was HEAD: the response has no body, whatever its length says."""

    def connected(self, connection: "Upstream") -> None:
        """The connection is open."""

    def head(self, head: ResponseHead) -> None:
        """The response's head is here."""

    def body(self, data: bytes) -> None:
        """A piece of the body is here."""

    def complete(self) -> None:
        """The response is whole; the connection is no longer this delivery's."""

    def lost(self, reason: str, *, anything_received: bool) -> None:
        """The connection ended, or spoke no HTTP, before the response was whole."""


class Home(Protocol):
    """Where an idle connection waits."""

    def release(self, connection: "Upstream") -> None:
        """Take back a connection that can carry another request."""

    def forget(self, connection: "Upstream") -> None:
        """The connection has ended."""


class Upstream(asyncio.Protocol):
    """One connection. `delivery` is whose request it carries; None while idle."""

    __slots__ = (
        "_complete",
        "_fields",
        "_head_bytes",
        "_head_limit",
        "_headers",
        "_home",
        "_in_body",
        "_parser",
        "_parts",
        "_paused",
        "_reason",
        "_received",
        "_reusable",
        "_until_close",
        "delivery",
        "opened",
        "transport",
    )

    def __init__(self, home: Home, delivery: Delivering, head_limit: int) -> None:
        self._home = home
        self._head_limit = head_limit
        self.delivery: Delivering | None = delivery
        self.transport: asyncio.Transport | None = None
        self.opened = False
        """Whether the connection has ever been open."""
        self._paused = False
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._start()

    def _start(self) -> None:
        """Be ready for the response to a new request."""
        self._parts: list[bytes] = []
        self._headers: HeaderLines = []
        self._reason = b""
        self._head_bytes = 0
        self._in_body = False
        self._complete = False
        self._received = False
        self._reusable = False
        self._until_close = False

    # Called by the delivery and the pool

    def send(self, delivery: Delivering, payload: bytes) -> None:
        """Send a whole request."""
        self.delivery = delivery
        self._start()
        if self.transport is not None:
            self.transport.write(payload)

    def pause(self) -> None:
        """Stop reading the response: whoever gets it cannot take more."""
        if self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.transport is not None and self._paused:
            self._paused = False
            self.transport.resume_reading()

    def abort(self) -> None:
        """Drop the connection at once, and tell nobody."""
        self.delivery = None
        if self.transport is not None:
            self.transport.abort()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)
        self.opened = True
        if self.delivery is None:  # given up while it was being opened
            self.transport.abort()
        else:
            self.delivery.connected(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        delivery, parser = self.delivery, self._parser
        if delivery is None or parser is None:
            self.abort()  # nothing was asked; what comes now would be taken for the next answer
            return
        self._received = True
        broken = ""
        try:
            parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a defect of ours
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            broken = f"not HTTP/1.1: {error}"
            self._reusable = False
        if self._parts:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts = []
            delivery.body(body)
            if self.delivery is not delivery:  # it was cancelled, or broken by its head
                return
        if self._complete:
            self._finish()
        elif broken:
            self._break(broken)
        elif not self._in_body:
            self._bound_head(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._home.forget(self)
        self._parser = None  # it refers to this object, and this to it
        self.transport = None
        if self.delivery is None:
            return
        if self._until_close and exc is None:
            self._finish()
        else:
            self._break("the connection was closed" if exc is None else str(exc))

    # Called by the parser

    def on_status(self, reason: bytes) -> None:
        """Take the words after the status; absent if there are none."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line, or a trailer, which is read and forgotten."""
        if not self._in_body:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        parser, delivery = self._parser, self.delivery
        if parser is None or delivery is None or self._complete:
            return
        status = parser.get_status_code()
        if status < 200:  # 1xx comes before the answer, and is for this hop only
            return
        head = ResponseHead(status, self._reason, self._headers, dict(self._headers))
        self._in_body = True
        self._complete = delivery.head_only
        coding = head.fields.get(b"transfer-encoding")
        self._until_close = coding is None and head.length is None and status not in (204, 304)
        if coding is not None and coding.strip().lower() != b"chunked":
            self._break(f"transfer coding {coding.decode('latin-1')!r}")
        else:
            delivery.head(head)

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if not self._complete:  # a second answer that nobody asked for is nobody's body
            self._parts.append(data)

    def on_message_complete(self) -> None:
        """The response is whole, or was a 1xx."""
        if self._in_body and self._parser is not None and not self._complete:
            self._complete = True
            self._reusable = self._parser.should_keep_alive()
        else:
            self._headers = []
            self._reason = b""
            self._reusable = False

    # How a response ends

    def _finish(self) -> None:
        delivery, self.delivery = self.delivery, None
        transport = self.transport
        if transport is not None:
            # An answer that came before the request was read whole leaves the rest of it on the wire.
            if self._reusable and transport.get_write_buffer_size() == 0:
                self.resume()  # an idle connection has to notice its end
                self._home.release(self)
            else:
                transport.abort()
        if delivery is not None:
            delivery.complete()

    def _break(self, reason: str) -> None:
        delivery, received = self.delivery, self._received
        self.abort()
        if delivery is not None:
            delivery.lost(reason, anything_received=received)

    def _bound_head(self, received: int) -> None:
        self._head_bytes += received
        if self._head_bytes > self._head_limit:
            self._break(f"a head of more than {self._head_limit} bytes")
