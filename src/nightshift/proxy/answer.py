"""Writing one answer to a client, with the right framing, held back until there is something to say.

The head waits for the first byte of the body. Until then an upstream's failure can still become an honest
502. Framing: `Content-Length` where it is known, else chunked. Server-sent events are chunked always and
never end by closing, because official clients take that for success; the requests of HTTP/1.0, which has no
chunks, are refused earlier if they ask for a stream. Anything else of unknown length is closed after in 1.0.
"""

from asyncio import WriteTransport
from typing import Final

from nightshift.proxy.errors import ApiError, reason_phrase
from nightshift.proxy.request import HttpRequest

_EMPTY: Final = (204, 304)


class Answer:
    """What one request is answered with."""

    __slots__ = ("_chunked", "_head_only", "_held", "_http11", "_silent", "_transport", "keep_alive", "sent")

    def __init__(self, transport: WriteTransport, request: HttpRequest) -> None:
        self._transport = transport
        self._http11 = request.http11
        self._head_only = request.method == "HEAD"
        self._silent = False
        self._held = b""
        self._chunked = False
        self.keep_alive = request.keep_alive
        self.sent = False
        """Whether the client has got a first byte, after which nothing can be taken back."""

    def head(self, status: int, reason: bytes, lines: bytes, length: bytes | None) -> None:
        """Prepare the head, in place of one that was prepared and not sent.

        `length` is None when it is not known, or shall not be told.
        """
        self._silent = self._head_only or status in _EMPTY
        self._chunked = False
        if status in _EMPTY:
            framing = b""
        elif length is not None:
            framing = b"content-length: %b\r\n" % length
        elif self._http11:
            framing = b"transfer-encoding: chunked\r\n"
            self._chunked = not self._silent
        else:
            framing = b""
            self.keep_alive = False
        self._held = b"HTTP/1.1 %d %b\r\n%b%b%b\r\n" % (status, reason, lines, framing, self._connection())

    def body(self, data: bytes) -> None:
        """Send a piece of the body at once."""
        if self._silent or not data:  # an empty chunk would be the last one
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self._held:
            data = self._held + data
            self._held = b""
            self.sent = True
        self._transport.write(data)

    def chunk(self, block: bytes) -> bool:
        """Send a piece of the body that is framed as a chunk already. False: it needs another frame."""
        if not self._chunked or self._held:
            return False
        self._transport.write(block)
        return True

    def end(self) -> None:
        """The body is whole."""
        rest = self._held + b"0\r\n\r\n" if self._chunked else self._held
        if rest:
            self._transport.write(rest)
        self._held = b""
        self.sent = True

    def at_once(self, status: int, reason: bytes, lines: bytes, length: bytes | None, body: bytes) -> None:
        """Send a whole answer, whose `body` has this length, in one piece."""
        self.head(status, reason, lines, length)
        self._transport.write(self._held if self._silent else self._held + body)
        self._held = b""
        self.sent = True

    def whole(self, status: int, lines: bytes, body: bytes) -> None:
        """Send an answer of our own, at once."""
        self.at_once(status, reason_phrase(status), lines, b"%d" % len(body), body)

    def error(self, error: ApiError, lines: bytes = b"") -> None:
        """Send an error, in OpenAI's format. Only before anything was sent."""
        if error.close:
            self.keep_alive = False
        self.whole(error.status, JSON_TYPE + error.lines() + lines, error.body())

    def _connection(self) -> bytes:
        if not self.keep_alive:
            return b"connection: close\r\n"
        return b"" if self._http11 else b"connection: keep-alive\r\n"


JSON_TYPE: Final = b"content-type: application/json\r\n"
