"""Reading requests off a client's connection, one at a time, when somebody has time for the next.

Bytes are kept as they come (`feed`), and a request is made of them when it is asked for (`next`): whoever
asks only when the one before is answered has nothing parsed waiting, and counts bytes to bound what waits.
A request is handed on when it is whole: placement needs the prompt, and a target that fails needs it again.

The rules are in `head.py` and `chunked.py`. Two things are this room's own. What cannot become a head is
refused before the head is whole, so that nobody waits for the end of something else than HTTP. And a head
like the last one is not judged again (`repeated.py`).
"""

from nightshift.proxy import grammar
from nightshift.proxy.chunked import ChunkedBody
from nightshift.proxy.errors import bad_framing
from nightshift.proxy.fields import HeaderLines, request_lines
from nightshift.proxy.head import (
    Head,
    bad_beginning,
    check_beginning,
    head_too_large,
    judged,
    target_too_long,
)
from nightshift.proxy.limits import Limits
from nightshift.proxy.repeated import RepeatedHead

_VERSION_BYTES = 32
"""Room in a request line for all that is not the target."""


class HttpRequest:
    """A request. `fields` has the last value of each header, for look-ups.

    `headers`, `fields` and `lines` are shared by requests that begin alike: never change them in place.
    """

    __slots__ = ("body", "fields", "headers", "http11", "keep_alive", "lines", "method", "path", "target")

    def __init__(
        self,
        method: str,
        target: bytes,
        path: str,
        *,
        http11: bool,
        keep_alive: bool,
        headers: HeaderLines,
        fields: dict[bytes, bytes],
        body: bytes = b"",
        lines: bytes = b"",
    ) -> None:
        """`lines` are the header lines that go on to a target, as `fields.request_lines` writes them."""
        self.method = method
        self.target = target
        self.path = path
        self.http11 = http11
        self.keep_alive = keep_alive
        self.headers = headers
        self.fields = fields
        self.body = body
        self.lines = lines

    def drop(self, name: bytes) -> None:
        """Take a header (its name in lower case) away: it shall not go on."""
        if name in self.fields:
            self.headers = [(other, value) for other, value in self.headers if other != name]
            self.fields = {other: value for other, value in self.fields.items() if other != name}
            self.lines = request_lines(self.headers)


class RequestReader:
    """One for each connection; reads any number of requests, one after another."""

    __slots__ = (
        "_at",
        "_chunked",
        "_head",
        "_judged_line",
        "_length",
        "_limits",
        "_lines",
        "_repeated",
        "_request",
        "_scanned",
        "_skipped_line",
        "_unread",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unread: bytes | bytearray = b""
        self._at = 0
        """Where in `_unread` the next step begins."""
        self._scanned = 0
        """Up to where an unfinished head has been looked at."""
        self._judged_line = False
        self._skipped_line = False
        self._request: HttpRequest | None = None
        self._length = 0
        self._chunked: ChunkedBody | None = None
        self._head: Head | None = None
        """The verdict on the last head."""
        self._repeated: RepeatedHead | None = None
        self._lines = b""

    def use(self, limits: Limits) -> None:
        """Go by other limits from the next head on: also for one that is like the last one."""
        self._limits = limits
        self._repeated = None

    # What the connection may ask

    @property
    def unread_bytes(self) -> int:
        """Bytes that have come and belong to no request yet that was handed on."""
        return len(self._unread) - self._at

    @property
    def in_head(self) -> bool:
        """Whether a head has begun, and is not whole."""
        return self._request is None and len(self._unread) > self._at

    @property
    def incomplete(self) -> HttpRequest | None:
        """The request whose head is here and whose body is not."""
        return self._request

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for `100 Continue`, and has sent nothing of the body yet."""
        head = self._head
        return (
            self._request is not None
            and head is not None
            and head.awaits_continue
            and not self.unread_bytes
            and not (self._chunked is not None and self._chunked.begun)
        )

    # Reading

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        at, unread = self._at, self._unread
        if at == len(unread):
            self._unread = data
            self._scanned = 0
        else:
            if isinstance(unread, bytes):
                unread = self._unread = bytearray(memoryview(unread)[at:])
            else:
                del unread[:at]  # which CPython does without moving the rest
            unread += data
            self._scanned = max(0, self._scanned - at)
        self._at = 0

    def next(self) -> HttpRequest | None:
        """Return the next request; None if it is not whole yet. Raises `ApiError`: then it is over."""
        request = self._request
        if request is None:
            request = self._begin()
            if request is None:
                return None
        if self._chunked is not None:
            self._at = self._chunked.feed(self._unread, self._at)
            if not self._chunked.complete:
                return None
            request.body = bytes(self._chunked.data)
            self._chunked = None
        elif self._length:
            end = self._at + self._length
            if end > len(self._unread):
                return None
            request.body = _piece(self._unread, self._at, end)
            self._at = end
        if request.body and self._head is not None and not self._head.body_passed:
            request.body = b""
        self._request = None
        self._skipped_line = False
        if self._at == len(self._unread):
            self._unread, self._at = b"", 0
        return request

    def _begin(self) -> HttpRequest | None:
        """Read a head."""
        if not self._skipped_line and not self._skip_empty_line():
            return None
        unread, at = self._unread, self._at
        if at == len(unread):
            return None
        head = self._like_the_last_one()
        if head is None:
            end = unread.find(b"\r\n\r\n", max(at, self._scanned - 3))
            if end < 0:
                self._check_unfinished()
                return None
            head = self._judge(bytes(unread[at : end + 2]))
            self._at = end + 4
        self._judged_line = False
        self._scanned = 0
        if head.chunked:
            self._chunked = ChunkedBody(self._limits)
        self._request = HttpRequest(
            head.method,
            head.target,
            head.path,
            http11=head.http11,
            keep_alive=head.keep_alive,
            headers=head.headers,
            fields=head.fields,
            lines=self._lines,
        )
        return self._request

    def _skip_empty_line(self) -> bool:
        """Pass over an empty line before a request (RFC 9112 2.2). Return False while there may be one."""
        unread, at = self._unread, self._at
        if at == len(unread) or unread[at] != 0x0D:
            return at < len(unread)
        if at + 1 == len(unread):
            return False
        if unread[at + 1] != 0x0A:
            raise bad_framing("there is a CR without LF before the request")
        self._at = at + 2
        self._skipped_line = True
        return True

    def _check_unfinished(self) -> None:
        """Judge what there is of a head: its size, what no head has in it, and its first line once."""
        unread, at, limits = self._unread, self._at, self._limits
        size = len(unread) - at
        if not self._judged_line:
            end = unread.find(b"\r\n", at)
            if end >= 0:
                check_beginning(bytes(unread[at : end + 2]), limits)
                self._judged_line = True
            elif size > limits.target_bytes + _VERSION_BYTES:
                raise target_too_long(limits)
        if size > limits.header_bytes:
            raise head_too_large(limits)
        # The byte before what is new: a CR there may be without its LF.
        if grammar.NEVER_IN_A_HEAD.search(unread, max(at, self._scanned - 1)) is not None:
            if unread.startswith(b"\x16\x03", at):
                raise bad_beginning(b"\x16\x03")
            raise bad_framing("there are control characters, or a CR or an LF alone")
        self._scanned = len(unread)

    def _judge(self, raw: bytes) -> Head:
        """Return the verdict on a whole head. Sets the length of its body."""
        limits = self._limits
        if not self._judged_line:  # first, as in a head that comes in pieces
            end = raw.find(b"\r\n")
            if end > limits.target_bytes + _VERSION_BYTES:
                raise target_too_long(limits)
            check_beginning(raw[: end + 2], limits)
        if len(raw) > limits.header_bytes:
            raise head_too_large(limits)
        head = judged(raw, limits)
        self._head = head
        self._length = head.length
        self._lines = request_lines(head.headers)
        self._repeated = RepeatedHead(
            raw + b"\r\n",
            has_length=head.length > 0,
            most_bytes=limits.header_bytes,
            most_body_bytes=limits.body_bytes,
        )
        return head

    def _like_the_last_one(self) -> Head | None:
        """Pass over a head that differs from the last one in the body's length at most."""
        repeated, unread = self._repeated, self._unread
        if repeated is None or not isinstance(unread, bytes):
            return None
        end, length = repeated.match(unread, self._at)
        if end < 0:
            return None
        self._at, self._length = end, length
        return self._head


def _piece(unread: bytes | bytearray, start: int, end: int) -> bytes:
    if isinstance(unread, bytes):
        return unread[start:end]
    with memoryview(unread) as view:  # one copy, not two
        return bytes(view[start:end])
