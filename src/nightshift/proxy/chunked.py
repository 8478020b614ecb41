"""Reading a chunked body (RFC 9112 7.1), strictly, into one piece.

Extensions are checked against their grammar and forgotten, trailers too (RFC 9110 6.5.1 lets a recipient
drop them). Both are bounded together: they are bytes that carry nothing. Cost: linear in the bytes fed,
whatever their cut.
"""

from nightshift.proxy import grammar
from nightshift.proxy.errors import bad_framing
from nightshift.proxy.head import body_too_large
from nightshift.proxy.limits import Limits

LINE_BYTES = 1024
"""A chunk's size with its extensions."""

_FRAMING = (b"content-length", b"transfer-encoding")


class ChunkedBody:
    """One body. `feed` is given all that is unread, again and again, and says how much of it it took."""

    __slots__ = ("_in_trailers", "_limits", "_overhead_bytes", "_remaining", "begun", "complete", "data")

    def __init__(self, limits: Limits) -> None:
        self.data = bytearray()
        self.begun = False
        """Whether anything of it has come."""
        self.complete = False
        self._limits = limits
        self._remaining = 0
        """Bytes of the chunk that is being read, with the CRLF at its end; 0 between chunks."""
        self._in_trailers = False
        self._overhead_bytes = 0

    def feed(self, unread: bytes | bytearray, at: int) -> int:
        """Read on in `unread` from `at`. Return where the next step begins. Raises `ApiError`."""
        self.begun = self.begun or at < len(unread)
        while not self.complete:
            if self._remaining:
                after = self._take_data(unread, at)
            elif self._in_trailers:
                after = self._take_trailer(unread, at)
            else:
                after = self._take_size(unread, at)
            if after == at:
                break
            at = after
        return at

    def _take_data(self, unread: bytes | bytearray, at: int) -> int:
        here = min(len(unread) - at, self._remaining)
        data = min(here, self._remaining - 2) if self._remaining > 2 else 0
        if data > 0:
            self.data += memoryview(unread)[at : at + data]
            self._remaining -= data
            at += data
            here -= data
        # What is left of the chunk is the CRLF after it, or the LF.
        end = b"\r\n"[2 - self._remaining : 2 - self._remaining + here] if self._remaining <= 2 else b""
        if end != bytes(unread[at : at + len(end)]):
            raise bad_framing("a chunk is not followed by CRLF: its size is wrong")
        self._remaining -= len(end)
        return at + len(end)

    def _take_size(self, unread: bytes | bytearray, at: int) -> int:
        end = self._end_of_line(unread, at, LINE_BYTES)
        if end < 0:
            return at
        match = grammar.CHUNK_LINE.fullmatch(unread, at, end)
        if match is None:
            raise bad_framing("a chunk does not begin with its size in hexadecimal digits")
        self._count_overhead(len(match[2]))
        size = int(match[1], 16)
        if size == 0:
            self._in_trailers = True
        elif len(self.data) + size > self._limits.body_bytes:
            raise body_too_large(self._limits)
        else:
            self._remaining = size + 2
        return end + 2

    def _take_trailer(self, unread: bytes | bytearray, at: int) -> int:
        end = self._end_of_line(unread, at, self._limits.header_bytes)
        if end < 0:
            return at
        if end == at:
            self.complete = True
        elif grammar.FIELD_LINE.fullmatch(unread, at, end) is None:
            raise bad_framing("a trailer is not NAME: VALUE, or has control characters")
        elif bytes(unread[at:end]).partition(b":")[0].lower() in _FRAMING:
            raise bad_framing("a trailer may not say where the body ends (RFC 9110 6.5.1)")
        self._count_overhead(end - at)
        return end + 2

    def _end_of_line(self, unread: bytes | bytearray, at: int, limit: int) -> int:
        """Return where the line's CRLF is; -1 if it is not here yet."""
        end = unread.find(b"\n", at, at + limit + 2)
        if end < 0:
            if len(unread) - at > limit:
                raise bad_framing("a line of the chunked framing is too long")
            return -1
        if end == at or unread[end - 1] != 0x0D:
            raise bad_framing("a line of the chunked framing does not end in CRLF")
        return end - 1

    def _count_overhead(self, received: int) -> None:
        self._overhead_bytes += received
        if self._overhead_bytes > self._limits.header_bytes:
            raise bad_framing("too many bytes in chunk extensions and trailers")
