"""The head of a response: what a parser has read of it, and what is wrong with it all the same.

What llhttp lets through and a client must not see is a fault here; docs/reference/http.md has the table.
"""

import re
from typing import Final

from nightshift.proxy.fields import HeaderLines, response_lines
from nightshift.proxy.head import MAX_LENGTH_DIGITS
from nightshift.proxy.limits import Limits

# RFC 9112 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ); llhttp lets control characters through.
_REASON: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]{0,200}")

EVENT_STREAM: Final = b"text/event-stream"


class ResponseHead:
    """Status and headers of a response. `fields` has the last value of each header.

    `headers` and `fields` are shared by responses that begin alike: never change them in place.
    """

    __slots__ = ("_lines", "fields", "headers", "length", "reason", "status")

    def __init__(
        self,
        status: int,
        reason: bytes,
        headers: HeaderLines,
        fields: dict[bytes, bytes],
        length: bytes | None,
    ) -> None:
        """`length` is the body's, if it was told; it is in no other argument."""
        self.status = status
        self.reason = reason
        self.headers = headers
        self.fields = fields
        self.length = length
        self._lines: bytes | None = None

    def lines(self) -> bytes:
        """Return the header lines that go on to the client."""
        if self._lines is None:
            self._lines = response_lines(self.headers)
        return self._lines

    def with_length(self, length: bytes) -> "ResponseHead":
        """Return the head of a response like this one whose body has this length."""
        if length == self.length:
            return self
        other = ResponseHead(self.status, self.reason, self.headers, self.fields, length)
        other._lines = self.lines()
        return other


def checked_reason(reason: bytes) -> bytes:
    """Return a reason phrase, or nothing in place of an odd one."""
    return reason if _REASON.fullmatch(reason) is not None else b""


def fault_of(
    version: str,
    status: int,
    headers: HeaderLines,
    fields: dict[bytes, bytes],
    *,
    limits: Limits,
    received_bytes: int,
) -> str:
    """Say what is wrong with a head that came in so many bytes or fewer; nothing is ""."""
    if version not in {"1.1", "1.0"}:
        return f"the version HTTP/{version}"
    if not 100 <= status <= 599 or status == 101:
        return f"the status {status}"
    if len(headers) > limits.header_count:
        return f"a head of more than {limits.header_count} lines"
    if received_bytes > limits.header_bytes and (
        sum([len(name) + len(value) + 4 for name, value in headers]) > limits.header_bytes
    ):
        return f"a head of more than {limits.header_bytes} bytes"
    if status < 200:
        return ""
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        codings = [value.strip(b" \t").lower() for name, value in headers if name == b"transfer-encoding"]
        if codings != [b"chunked"]:
            return f"the transfer coding {coding[:50].decode('latin-1')!r}"
        if version == "1.0":
            return "a transfer coding in HTTP/1.0"
    if len(fields.get(b"content-length", b"")) > MAX_LENGTH_DIGITS:
        return "a length of too many digits"
    return ""
