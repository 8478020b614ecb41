"""A connection to a replica or a peer: one request at a time, its response read and told to a delivery.

Upstreams are half trusted: they crash, and may send garbage. What is done with a response that is not as it
should be (docs/reference/http.md has the table):

- broken, which is told to the delivery as a loss, so another target or a 502 follows: whatever llhttp refuses
  (no status line, folded or bare lines, control characters, two lengths, a length beside chunks), versions
  other than 1.0 and 1.1, statuses outside 200..599 after at most 16 of 1xx, 101, any coding but `chunked`,
  chunks in HTTP/1.0, a length of more than 15 digits, a head above the limits of bytes or lines, too many
  bytes that bring no body (trailers, extensions), an end before the end
- mended: odd reason phrases are left out, the bodies of HEAD, 204 and 304 too; 1xx and trailers are dropped
- answered, but the connection not used again: bytes after the end, an answer before the request was taken
- an idle connection that says anything is closed: nothing was asked, and the next answer would be another's

Nothing is passed on as it came but the body's bytes, told once for each block received and not once for each
chunk of the upstream's framing; and a chunk that has come alone and is spelled as this proxy would spell it.

Two things do not pass through the parser: an answer that comes whole, in one piece, and whose head is like
the last one (`last_answer.py`), and a chunk that comes by itself (`one_chunk.py`).
"""

import asyncio
from typing import Final, Protocol, cast

import httptools

from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.last_answer import LastAnswer
from nightshift.proxy.limits import Limits
from nightshift.proxy.one_chunk import start_of_body
from nightshift.proxy.response_head import ResponseHead, checked_reason, fault_of

_MOST_INFORMATIONAL: Final = 16
_NEVER_A_BODY: Final = (204, 304)


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

    def chunk(self, block: bytes, start: int) -> None:
        """In place of `body`: the block is a whole chunk, and `block[start:-2]` the piece."""

    def complete(self) -> None:
        """The response is whole; the connection is no longer this delivery's."""

    def whole(self, head: ResponseHead, data: bytes) -> None:
        """In place of the three above: the response is here, neither a failure nor a stream of events."""

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
        "_between_chunks",
        "_chunk_over",
        "_complete",
        "_head",
        "_headers",
        "_home",
        "_idle_bytes",
        "_in_body",
        "_informational",
        "_last",
        "_limits",
        "_parser",
        "_parts",
        "_paused",
        "_reason",
        "_received",
        "_reusable",
        "_surplus",
        "_until_close",
        "delivery",
        "opened",
        "transport",
    )

    def __init__(self, home: Home, delivery: Delivering, limits: Limits) -> None:
        self._home = home
        self._limits = limits
        self.delivery: Delivering | None = delivery
        self.transport: asyncio.Transport | None = None
        self.opened = False
        """Whether the connection has ever been open."""
        self._paused = False
        self._last = LastAnswer(limits.header_bytes)
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._start()

    def _start(self) -> None:
        """Be ready for the response to a new request."""
        self._parts: list[bytes] = []
        self._headers: HeaderLines = []
        self._head: ResponseHead | None = None
        self._reason = b""
        self._idle_bytes = 0
        """Received since the last of the body, or since the request."""
        self._informational = 0
        self._in_body = False
        self._complete = False
        self._received = False
        self._chunk_over = False
        self._between_chunks = False
        """Whether the parser has read to the end of a chunk, and no further."""
        self._reusable = False
        self._surplus = False
        """Whether anything came after the end of the response."""
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
        if self._between_chunks:
            start = start_of_body(data)
            if start:
                delivery.chunk(data, start)
                return
        is_first = not self._received
        self._received = True
        if not is_first or not self._is_like_the_last_one(data, delivery):
            self._read(parser, data, delivery, is_first=is_first)

    def _read(
        self, parser: httptools.HttpResponseParser, data: bytes, delivery: Delivering, *, is_first: bool
    ) -> None:
        """Let the parser read on, and tell what it found."""
        self._idle_bytes += len(data)
        broken = self._parse(parser, data)
        # After a chunk, any byte more is of the next size line, which has not ended: it would have been told.
        self._between_chunks = self._chunk_over and data.endswith(b"\n")
        if self._parts:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts = []
            self._idle_bytes = 0
            delivery.body(body)
            if self.delivery is not delivery:  # it was cancelled, or broken by its head
                return
        if self._complete:
            if is_first and self._reusable and not self._surplus and not self._informational:
                self._last.note(data, self._head)
            self._finish()
        elif broken:
            self._break(broken)
        elif self._idle_bytes > self._limits.header_bytes:
            self._break(f"more than {self._limits.header_bytes} bytes without any of a body")

    def _parse(self, parser: httptools.HttpResponseParser, data: bytes) -> str:
        """Return what is wrong; nothing is ""."""
        try:
            parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a defect of ours
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._reusable = False
            return f"not HTTP/1.1: {error}"
        return ""

    def _is_like_the_last_one(self, data: bytes, delivery: Delivering) -> bool:
        """Tell of a whole answer whose head is like the last one; False: it is another, or not whole."""
        at = -1 if delivery.head_only else self._last.body_of(data)
        head = self._last.head
        if at < 0 or head is None:
            return False
        self._reusable = True
        self._leave()
        delivery.whole(head, data[at:])
        return True

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

    def on_message_begin(self) -> None:
        """A response begins; after another one, it is the answer to nothing."""
        self._surplus = self._complete

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
        fields = dict(self._headers)
        version = parser.get_http_version()
        fault = fault_of(
            version,
            status,
            self._headers,
            fields,
            limits=self._limits,
            received_bytes=self._idle_bytes,
        )
        if not fault and status < 200:
            fault = self._fault_of_1xx(status, fields)
        if fault:
            self._break(fault)
            return
        if status < 200:  # before the answer, and for this hop only
            return
        length = fields.pop(b"content-length", None)
        self._in_body = True
        self._complete = delivery.head_only
        self._until_close = (
            length is None and b"transfer-encoding" not in fields and status not in _NEVER_A_BODY
        )
        if length is not None and length.startswith(b"0"):
            length = b"%d" % int(length)
        reason = checked_reason(self._reason)
        self._head = ResponseHead(status, reason, self._headers, fields, length)
        delivery.head(self._head)

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        # A second answer that nobody asked for is nobody's body, nor is what follows a head that was refused.
        if not self._complete and self.delivery is not None:
            self._parts.append(data)

    def on_chunk_header(self) -> None:
        """A size was read; the last one is that of no chunk."""
        self._chunk_over = False

    def on_chunk_complete(self) -> None:
        """A chunk was read to its end."""
        self._chunk_over = not self._complete

    def on_message_complete(self) -> None:
        """The response is whole, or was a 1xx."""
        if self._in_body and self._parser is not None and not self._complete:
            self._complete = True
            self._reusable = self._parser.should_keep_alive()
        else:
            self._headers = []
            self._reason = b""
            self._reusable = False

    def _fault_of_1xx(self, status: int, fields: dict[bytes, bytes]) -> str:
        if b"content-length" in fields or b"transfer-encoding" in fields:  # RFC 9110 8.6, 9112 6.1
            return f"a status {status} with a body"
        self._informational += 1
        return "too many responses of 1xx" if self._informational > _MOST_INFORMATIONAL else ""

    # How a response ends

    def _finish(self) -> None:
        delivery = self.delivery
        self._leave()
        if delivery is not None:
            delivery.complete()

    def _leave(self) -> None:
        """Carry this delivery no longer: wait for another at home, or end."""
        self.delivery = None
        transport = self.transport
        if transport is not None:
            # An answer that came before the request was read whole leaves the rest of it on the wire.
            if self._reusable and not self._surplus and transport.get_write_buffer_size() == 0:
                self.resume()  # an idle connection has to notice its end
                self._home.release(self)
            else:
                transport.abort()

    def _break(self, reason: str) -> None:
        delivery, received = self.delivery, self._received
        self.abort()
        if delivery is not None:
            delivery.lost(reason, anything_received=received)
