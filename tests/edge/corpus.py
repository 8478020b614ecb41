"""Requests that are malformed, ambiguous or merely rare, and what RFC 9110 and 9112 ask of a server for
each.

Data only. `accepted` are the statuses that conform; where the RFC leaves a choice ("MAY", "SHOULD"), all
choices are there, so that a miss is a miss. `closes`: whether the connection has to end after it, because
nobody can know where the next request begins; None where the RFC says nothing. A row that may be accepted
by repairing it names what must not reach the application (`never`).
"""

from dataclasses import dataclass

CLOSED = 0
"""In place of a status: the connection ends without an answer."""
SILENT = -1
"""In place of a status: nothing happens."""

GET = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BODY = b'{"model":"m","input":"x"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
TE = b"Transfer-Encoding: chunked\r\n"
CHUNKED_BODY = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
BAD = (400,)
BAD_OR_501 = (400, 501)
EITHER = (200, 400)
TOO_LARGE = (400, 413, 414, 431)


@dataclass(frozen=True)
class Row:
    """One case."""

    name: str
    data: bytes
    accepted: tuple[int, ...]
    rule: str
    closes: bool | None = None
    answers: int = 1
    """Responses to expect to `data`."""
    head: bool = False
    """Whether the response has no body."""
    never: bytes = b""
    """What the application must not see in the value of the header `X`."""


def _ok(name: str, data: bytes, rule: str, answers: int = 1, *, head: bool = False) -> Row:
    return Row(name, data, (200,), rule, closes=False, answers=answers, head=head)


def _get(lines: bytes) -> bytes:
    return GET + lines + b"\r\n"


def _length(value: bytes) -> bytes:
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + BODY


def _coding(value: bytes) -> bytes:
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKED_BODY


def _chunks(data: bytes) -> bytes:
    return POST + TE + b"\r\n" + data


def _host(value: bytes) -> bytes:
    return b"GET /v1/models HTTP/1.1\r\nHost: " + value + b"\r\n\r\n"


def _line(line: bytes) -> bytes:
    return line + b"\r\nHost: a\r\n\r\n"


ORDINARY = (
    _ok("GET", _get(b""), "9112 3"),
    _ok("POST with a length", POST + LENGTH + b"\r\n" + BODY, "9112 6.2"),
    _ok("POST in chunks", _chunks(CHUNKED_BODY), "9112 7.1"),
    _ok("many small chunks", _chunks(b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n"), "9112 7.1"),
    _ok("chunk sizes with leading zeros", _chunks(b"0000%x\r\n%b\r\n00\r\n\r\n" % (len(BODY), BODY)),
        "9112 7.1"),
    _ok("coding named in capitals", _coding(b"CHUNKED"), "9112 7"),
    _ok("a chunk extension", _chunks(b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)), "9112 7.1.1"),
    _ok("a trailer", _chunks(b"%x\r\n%b\r\n0\r\nX-T: 1\r\n\r\n" % (len(BODY), BODY)), "9112 7.1.2"),
    _ok("an empty value", _get(b"X:\r\n"), "9110 5.5"),
    _ok("white space around a value", _get(b"X: \t a \t \r\n"), "9112 5.1"),
    _ok("absolute form", b"GET http://a/v1/models HTTP/1.1\r\nHost: a\r\n\r\n", "9112 3.2.2"),
    _ok("Host with a port", _host(b"a:8080"), "9110 7.2"),
    _ok("Host is IPv6", _host(b"[::1]:80"), "9110 7.2"),
    _ok("HEAD", _get(b"").replace(b"GET", b"HEAD"), "9110 9.3.2", head=True),
    _ok("two in one go", _get(b"") + _get(b""), "9112 9.3.2", answers=2),
    _ok("Expect: 100-continue", POST + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY, "9110 10.1.1"),
    _ok("fifty headers", _get(b"".join(b"X-%d: 1\r\n" % n for n in range(50))), "9110 5.4"),
    _ok("a target of 4 kB", b"GET /v1/models?" + b"x" * 4000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", "9112 3"),
    _ok("TE: trailers", _get(b"TE: trailers\r\nConnection: TE\r\n"), "9110 10.1.4"),
    Row("Connection: close", _get(b"Connection: close\r\n"), (200,), "9112 9.6", closes=True),
    Row("more after Connection: close", _get(b"Connection: close\r\n") + SMUGGLED, (200,), "9112 9.6",
        closes=True),
    Row("HTTP/1.0", b"GET /v1/models HTTP/1.0\r\n\r\n", (200,), "9112 9.3", closes=True),
    _ok("HTTP/1.0 kept alive", b"GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "9112 9.3"),
    Row("framing fields in a trailer", _chunks(
        b"%x\r\n%b\r\n0\r\nContent-Length: 3\r\nHost: b\r\n\r\n" % (len(BODY), BODY)), EITHER, "9110 6.5.1"),
    Row("GET with a body", GET + b"Content-Length: 5\r\n\r\nhello", EITHER, "9110 9.3.1"),
    Row("an empty line before", b"\r\n" + _get(b""), EITHER, "9112 2.2"),
    Row("bytes above 127 in a value", _get(b"X: caf\xe9\r\n"), EITHER, "9110 5.5"),
    Row("two equal lengths", POST + LENGTH + LENGTH + b"\r\n" + BODY, EITHER, "9110 8.6"),
    Row("a list of equal lengths", _length(b"25, 25"), EITHER, "9110 8.6"),
    Row("an empty Host", _host(b""), EITHER, "9110 7.2"),
    Row("an upgrade that may be ignored", _get(b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
        (200, 400, 426, 501), "9110 7.8"),
    Row("WebSocket", _get(b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), (200, 400, 403, 404, 426, 501), "9110 7.8"),
    Row("OPTIONS *", _line(b"OPTIONS * HTTP/1.1"), (200, 204, 400, 404, 405, 501), "9112 3.2.4"),
    Row("an unknown method", _line(b"FROB /v1/models HTTP/1.1"), (200, 400, 404, 405, 501), "9110 9.1"),
    Row("HTTP/1.2", _line(b"GET /v1/models HTTP/1.2"), (200, 400, 505), "9110 2.5"),
    Row("an unknown expectation", _get(b"Expect: a-pony\r\n"), (200, 400, 417), "9110 10.1.1"),
    Row("Connection names Content-Length", POST + LENGTH + b"Connection: Content-Length\r\n\r\n" + BODY,
        EITHER, "9110 7.6.1"),
)  # fmt: skip

FRAMING = (
    Row("CL and TE", POST + LENGTH + TE + b"\r\n" + CHUNKED_BODY, (200, *BAD_OR_501), "9112 6.1",
        closes=True),
    Row("TE and CL", POST + TE + LENGTH + b"\r\n" + CHUNKED_BODY, (200, *BAD_OR_501), "9112 6.1",
        closes=True),
    Row("CL and TE, smuggling", POST + b"Content-Length: 6\r\n" + TE + b"\r\n0\r\n\r\n" + SMUGGLED,
        (200, *BAD_OR_501), "9112 6.1", closes=True),
    Row("two lengths", POST + LENGTH + b"Content-Length: 3\r\n\r\n" + BODY, BAD, "9112 6.3", closes=True),
    Row("a list of lengths", _length(b"25, 3"), BAD, "9112 6.3", closes=True),
    Row("length -1", _length(b"-1"), BAD, "9112 6.3", closes=True),
    Row("length +25", _length(b"+25"), BAD, "9112 6.3", closes=True),
    Row("length 0x19", _length(b"0x19"), BAD, "9112 6.3", closes=True),
    Row("length 25.0", _length(b"25.0"), BAD, "9112 6.3", closes=True),
    Row("length 2 5", _length(b"2 5"), BAD, "9112 6.3", closes=True),
    Row("length 25x", _length(b"25x"), BAD, "9112 6.3", closes=True),
    Row("an empty length", _length(b""), BAD, "9112 6.3", closes=True),
    Row("a length beyond 64 bits", _length(b"18446744073709551641"), (400, 413), "9110 8.6", closes=True),
    Row("a length of 40 digits", _length(b"9" * 40), (400, 413), "9110 8.6", closes=True),
    Row("TE: identity", _coding(b"identity"), BAD_OR_501, "9112 6.1"),
    Row("TE: gzip", _coding(b"gzip"), BAD_OR_501, "9112 6.3", closes=True),
    Row("TE: gzip, chunked", _coding(b"gzip, chunked"), BAD_OR_501, "9112 6.1"),
    Row("TE: chunked, gzip", _coding(b"chunked, gzip"), BAD_OR_501, "9112 6.3", closes=True),
    Row("TE: chunked, chunked", _coding(b"chunked, chunked"), BAD_OR_501, "9112 6.1"),
    Row("TE twice", POST + TE + TE + b"\r\n" + CHUNKED_BODY, BAD_OR_501, "9112 6.1"),
    Row("TE: xchunked", _coding(b"xchunked"), BAD_OR_501, "9112 6.1"),
    Row("TE: VT chunked", _coding(b"\x0bchunked"), BAD_OR_501, "9112 6.1"),
    Row("TE: quoted", _coding(b'"chunked"'), BAD_OR_501, "9112 6.1"),
    Row("TE: empty", _coding(b""), BAD_OR_501, "9112 6.1"),
    Row("TE in HTTP/1.0", POST.replace(b"/1.1",
        b"/1.0") + TE + b"Connection: keep-alive\r\n\r\n" + CHUNKED_BODY,
        (200, 400, 411, 501), "9112 6.1", closes=True),
    Row("TE folded, and CL", POST + LENGTH + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED_BODY,
        (200, *BAD_OR_501), "9112 5.2", closes=True),
)  # fmt: skip

CHUNKS = (
    Row("size xyz", _chunks(b"xyz\r\n"), BAD, "9112 7.1", closes=True),
    Row("size -1", _chunks(b"-1\r\n"), BAD, "9112 7.1", closes=True),
    Row("size +19", _chunks(b"+19\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("size 0x19", _chunks(b"0x19\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("an empty size", _chunks(b"\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("a space before the size", _chunks(b" 19\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("a space behind the size", _chunks(b"19 \r\n%b\r\n0\r\n\r\n" % BODY), EITHER, "9112 7.1.1"),
    Row("a size beyond 64 bits", _chunks(b"10000000000000019\r\n%b\r\n0\r\n\r\n" % BODY), (400, 413),
        "9112 7.1",
        closes=True),
    Row("bare LF behind a size", _chunks(b"19\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("bare CR behind a size", _chunks(b"19\r%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("bare LF in an extension", _chunks(b"19;a\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1.1", closes=True),
    Row("NUL in an extension", _chunks(b"19;a\x00\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1.1",
        closes=True),
    Row("an extension of 100 kB", _chunks(b"19;" + b"a" * 100_000 + b"\r\n%b\r\n0\r\n\r\n" % BODY), TOO_LARGE,
        "9112 7.1.1", closes=True),
    Row("longer than its size", _chunks(b"3\r\n%b\r\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("bare LF behind the data", _chunks(b"19\r\n%b\n0\r\n\r\n" % BODY), BAD, "9112 7.1", closes=True),
    Row("a trailer of 100 kB", _chunks(b"19\r\n%b\r\n0\r\nX: %b\r\n\r\n" % (BODY, b"y" * 100_000)), TOO_LARGE,
        "9110 6.5", closes=True),
    Row("a trailer without a colon", _chunks(b"19\r\n%b\r\n0\r\nX\r\n\r\n" % BODY), BAD, "9112 7.1.2",
        closes=True),
)  # fmt: skip

FIELDS = (
    Row("no Host", b"GET /v1/models HTTP/1.1\r\n\r\n", BAD, "9112 3.2"),
    Row("two Hosts", _get(b"Host: b\r\n"), BAD, "9112 3.2"),
    Row("two equal Hosts", _get(b"Host: a\r\n"), BAD, "9112 3.2"),
    Row("Host with a space", _host(b"a b"), BAD, "9112 3.2"),
    Row("Host with a path", _host(b"a/b"), BAD, "9112 3.2"),
    Row("Host with a user", _host(b"u@a"), BAD, "9112 3.2"),
    Row("Host is a list", _host(b"a, b"), BAD, "9112 3.2"),
    Row("Host with NUL", _host(b"a\x00b"), BAD, "9112 3.2"),
    Row("Host with a bad port", _host(b"a:8x"), BAD, "9112 3.2"),
    Row("another Host than the target's", b"GET http://a/v1/models HTTP/1.1\r\nHost: b\r\n\r\n", EITHER,
        "9112 3.2.2"),
    Row("a folded line", _get(b"X: a\r\n b\r\n"), EITHER, "9112 5.2", never=b"\n"),
    Row("a space before the first field", b"GET /v1/models HTTP/1.1\r\n Host: a\r\n\r\n", BAD, "9112 2.2"),
    Row("a space before the colon", _get(b"X : a\r\n"), BAD, "9112 5.1"),
    Row("a space before the colon of TE", POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED_BODY, BAD,
        "9112 5.1"),
    Row("no colon", _get(b"X\r\n"), BAD, "9112 5"),
    Row("no name", _get(b": a\r\n"), BAD, "9112 5"),
    Row("a space in a name", _get(b"X Y: a\r\n"), BAD, "9110 5.1"),
    Row("a control in a name", _get(b"X\x01: a\r\n"), BAD, "9110 5.1"),
    Row("NUL in a name", _get(b"X\x00: a\r\n"), BAD, "9110 5.1"),
    Row("a parenthesis in a name", _get(b"X(: a\r\n"), BAD, "9110 5.1"),
    Row("a byte above 127 in a name", _get(b"X\xe9: a\r\n"), BAD, "9110 5.1"),
    Row("NUL in a value", _get(b"X: a\x00b\r\n"), EITHER, "9110 5.5", never=b"\x00"),
    Row("bare CR in a value", _get(b"X: a\rb\r\n"), EITHER, "9110 5.5", never=b"\r"),
    Row("bare LF as line ends", b"GET /v1/models HTTP/1.1\nHost: a\n\n", EITHER, "9112 2.2"),
    Row("bare CR as line ends", b"GET /v1/models HTTP/1.1\rHost: a\r\r", (*BAD, CLOSED, SILENT), "9112 2.2"),
    Row("a header of 300 kB", _get(b"X: " + b"y" * 300_000 + b"\r\n"), TOO_LARGE, "6585 5"),
    Row("a header without end", GET + b"X: " + b"y" * 900_000, TOO_LARGE, "6585 5", closes=True),
    Row("20,000 headers", _get(b"X: 1\r\n" * 20_000), TOO_LARGE, "6585 5"),
)  # fmt: skip

LINES = (
    Row("no version", b"GET /v1/models\r\n\r\n", (400, 505, CLOSED), "9112 3"),
    Row("something behind the version", _line(b"GET /v1/models HTTP/1.1 x"), BAD, "9112 3"),
    Row("two spaces", _line(b"GET  /v1/models HTTP/1.1"), EITHER, "9112 3"),
    Row("tabs", _line(b"GET\t/v1/models\tHTTP/1.1"), EITHER, "9112 3"),
    Row("a space in the target", _line(b"GET /v1/mo dels HTTP/1.1"), BAD, "9112 3.2"),
    Row("NUL in the target", _line(b"GET /v1/models\x00 HTTP/1.1"), BAD, "9112 3.2"),
    Row("a control in the target", _line(b"GET /v1/mod\x01els HTTP/1.1"), BAD, "9112 3.2"),
    Row("no slash", _line(b"GET v1/models HTTP/1.1"), (400, 404), "9112 3.2"),
    Row("GET *", _line(b"GET * HTTP/1.1"), (400, 404, 405), "9112 3.2.4"),
    Row("GET host:port", _line(b"GET a:80 HTTP/1.1"), (400, 404), "9112 3.2.3"),
    Row("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", (400, 403, 404, 405, 501, 502),
        "9110 9.3.6"),
    Row("a method in small letters", _line(b"get /v1/models HTTP/1.1"), (400, 405, 501), "9110 9.1"),
    Row("a parenthesis in the method", _line(b"GE(T /v1/models HTTP/1.1"), (400, 405, 501), "9110 9.1"),
    Row("a method of 5 kB", _line(b"G" * 5000 + b" /v1/models HTTP/1.1"), (400, 405, 414, 431, 501),
        "9112 3"),
    Row("HTTP/2.0", _line(b"GET /v1/models HTTP/2.0"), (400, 505), "9110 15.6.6"),
    Row("HTTP/1.1.1", _line(b"GET /v1/models HTTP/1.1.1"), (400, 505), "9112 2.3"),
    Row("http/1.1", _line(b"GET /v1/models http/1.1"), (400, 505), "9112 2.3"),
    Row("HTTP/11", _line(b"GET /v1/models HTTP/11"), (400, 505), "9112 2.3"),
    Row("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 501, 505, CLOSED),
        "9113 3.4"),
    Row("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 60 + b"\r\n\r\n", (400,
        CLOSED),
        "9112 2.2", closes=True),
    Row("a byte order mark", b"\xef\xbb\xbf" + _get(b""), (400, 405, 501, CLOSED), "9112 2.2"),
    Row("a target of 300 kB", b"GET /" + b"y" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", TOO_LARGE,
        "9110 15.5.15"),
)  # fmt: skip

ROWS: dict[str, tuple[Row, ...]] = {
    "ordinary and rare": ORDINARY,
    "framing": FRAMING,
    "chunks": CHUNKS,
    "header fields": FIELDS,
    "request lines": LINES,
}
ALL: tuple[Row, ...] = tuple(row for rows in ROWS.values() for row in rows)
