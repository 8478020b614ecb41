"""Which header lines a proxy passes on (RFC 9110 7.6.1), and how they are written.

Heads are parsed and written anew, never passed through as bytes: what a parser did not understand does not
reach the next one. Framing is the writer's own business, so `Content-Length` and `Transfer-Encoding` are
dropped here. Lines whose names begin with `x-nightshift-` are dropped in both directions: on a request they
are between balancers, and on a response no engine may pretend a decision.

`Connection` names what is for one hop only. It may not name what is for everybody (RFC 9110 7.6.1), or a
client could have a proxy take away what others judge by: such names are passed over, and the line goes on.

No line that is written here has CR, LF or NUL in it, whatever the parsers let through: it is left out.
"""

from collections.abc import Iterable
from typing import Final

HeaderLines = list[tuple[bytes, bytes]]
"""Names in lower case, with their values, in the order of arrival."""

INTERNAL_PREFIX: Final = b"x-nightshift-"

_NOT_PASSED: Final = frozenset(
    (
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_FOR_EVERYBODY: Final = frozenset(
    (
        b"accept",
        b"authorization",
        b"cache-control",
        b"content-encoding",
        b"content-type",
        b"forwarded",
        b"host",
        b"retry-after",
        b"set-cookie",
        b"traceparent",
        b"tracestate",
        b"via",
        b"www-authenticate",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-hash-key",
        b"x-request-id",
    )
)
_NOT_PASSED_UPSTREAM: Final = _NOT_PASSED | {b"host", b"expect"}


def request_lines(headers: HeaderLines) -> bytes:
    """Return the lines of a request that go on to a target."""
    return _lines(headers, _NOT_PASSED_UPSTREAM)


def response_lines(headers: HeaderLines) -> bytes:
    """Return the lines of a response that go on to the client."""
    return _lines(headers, _NOT_PASSED)


def tokens(value: bytes) -> Iterable[bytes]:
    """Split a comma-separated header value into its tokens, in lower case."""
    return (token.strip().lower() for token in value.split(b","))


def _lines(headers: HeaderLines, dropped: frozenset[bytes]) -> bytes:
    for name, value in headers:
        if name == b"connection":  # the sender names what is for this hop only, perhaps in several lines
            dropped = dropped.union(set(tokens(value)) - _FOR_EVERYBODY)
    lines = [name + b": " + value + b"\r\n" for name, value in headers if name not in dropped]
    joined = b"".join(lines)
    if joined.count(b"\n") + joined.count(b"\r") != 2 * len(lines) or b"\0" in joined:
        lines = [line for line in lines if _is_one_line(line)]
        joined = b"".join(lines)
    if INTERNAL_PREFIX in joined:  # rare: look at each line only then
        joined = b"".join([line for line in lines if not line.startswith(INTERNAL_PREFIX)])
    return joined


def _is_one_line(line: bytes) -> bool:
    return not any(byte in line[:-2] for byte in (b"\r", b"\n", b"\0"))
