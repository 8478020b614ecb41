"""The head of a request: bytes in, a verdict out. Pure; every refusal is an `ApiError` that closes.

The whole head is matched against the grammar at once, and only one that fails is looked at line by line, to
say what is wrong with it. Then come the rules that join fields: exactly one Host, one way to tell a body's
length, no change of protocol. docs/reference/http.md has them all, row by row, with the status of each.
"""

from dataclasses import dataclass
from typing import Final

from nightshift.proxy import grammar
from nightshift.proxy.errors import ApiError, bad_framing
from nightshift.proxy.fields import INTERNAL_PREFIX, HeaderLines, tokens
from nightshift.proxy.limits import Limits

_ONCE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"expect",
    b"authorization",
    b"content-type",
    b"x-hash-key",
    INTERNAL_PREFIX + b"peer",
    INTERNAL_PREFIX + b"peer-token",
    INTERNAL_PREFIX + b"residency",
)
"""Fields that somebody on the way decides by. Of two, one server takes the first and another the last."""

_METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT")
)
_BODILESS = frozenset((b"GET", b"HEAD", b"DELETE", b"TRACE"))
"""Content of these has no defined meaning: some servers leave it unread, and take it for the next request."""
_PORTS = {b"http": b":80", b"https": b":443"}
_SHADOWED = (b"host", b"connection", b"content-length", b"transfer-encoding", b"authorization", b"expect")

MAX_LENGTH_DIGITS: Final = 15


@dataclass(slots=True, eq=False)
class Head:
    """A head that has been judged. `fields` has the last value of each header, for look-ups.

    Content-Length and Transfer-Encoding are in neither: the body's framing ends here.
    """

    method: str
    target: bytes
    path: str
    http11: bool
    keep_alive: bool
    headers: HeaderLines
    fields: dict[bytes, bytes]
    length: int
    """Of the body; 0 when there is none or it is chunked."""
    chunked: bool
    body_passed: bool
    """Whether a body goes on to a target; where content has no meaning it is read and dropped."""
    awaits_continue: bool


def judged(raw: bytes, limits: Limits) -> Head:
    """Read a head: all its lines, each with its CRLF, without the empty one. Raises `ApiError`."""
    match = grammar.REQUEST_HEAD.fullmatch(raw)
    if match is None:
        raise _what_is_wrong(raw)
    method, target, major, minor, lines = match.groups()
    check_version(major, minor)
    check_target_length(target, limits)
    headers = _headers(lines, limits)
    fields = dict(headers)
    if len(fields) != len(headers):
        _refuse_repeated(headers)
    http11 = minor == b"1"
    _refuse_shadows(fields)
    _check_host(fields, http11)
    length, chunked = _framing(fields, http11, limits)
    connection = _connection(headers)
    _check_method(method, fields, connection)
    target = _origin_form(method, target, fields)
    if fields.pop(b"content-length", None) or fields.pop(b"transfer-encoding", None):
        headers = [field for field in headers if field[0] in fields]
    return Head(
        method=method.decode(),
        target=target,
        path=target.partition(b"?")[0].decode("latin-1"),
        http11=http11,
        keep_alive=b"close" not in connection and (http11 or b"keep-alive" in connection),
        headers=headers,
        fields=fields,
        length=length,
        chunked=chunked,
        body_passed=method not in _BODILESS,
        awaits_continue=_awaits_continue(fields, http11) and (length > 0 or chunked),
    )


def check_beginning(line: bytes, limits: Limits) -> None:
    """Judge a request line, with its CRLF, before the rest of the head is here. Raises `ApiError`."""
    match = grammar.REQUEST_LINE.fullmatch(line)
    if match is None:
        raise bad_beginning(line)
    check_version(match[3], match[4])
    check_target_length(match[2], limits)


def check_version(major: bytes, minor: bytes) -> None:
    """Raise for anything but HTTP/1.1 and HTTP/1.0 (RFC 9110 15.6.6)."""
    if major != b"1" or minor not in b"01":
        raise ApiError(505, "http_version", "the versions spoken here are HTTP/1.1 and HTTP/1.0", close=True)


def check_target_length(target: bytes, limits: Limits) -> None:
    """Raise for a target above the limit (RFC 9110 15.5.15)."""
    if len(target) > limits.target_bytes:
        raise target_too_long(limits)


def target_too_long(limits: Limits) -> ApiError:
    """Return the error for a request target above the limit."""
    return ApiError(
        414, "target_too_long", f"the request target: at most {limits.target_bytes} bytes", close=True
    )


def head_too_large(limits: Limits) -> ApiError:
    """Return the error for a head above one of its limits."""
    message = f"request line and headers: at most {limits.header_bytes} bytes in {limits.header_count} lines"
    return ApiError(431, "headers_too_large", message, close=True)


def body_too_large(limits: Limits) -> ApiError:
    """Return the error for a body above the limit."""
    return ApiError(413, "body_too_large", f"the body may have {limits.body_bytes} bytes at most", close=True)


def _headers(lines: bytes, limits: Limits) -> HeaderLines:
    split = lines.split(b"\r\n")
    split.pop()
    if len(split) > limits.header_count:
        raise head_too_large(limits)
    pairs = [line.partition(b":") for line in split]
    return [(name.lower(), value.strip(b" \t")) for name, _, value in pairs]


def _refuse_repeated(headers: HeaderLines) -> None:
    names = [name for name, _ in headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise bad_framing(f"the header {name.decode()} is there more than once")


def _refuse_shadows(fields: dict[bytes, bytes]) -> None:
    """Refuse names that become others where `_` and `-` are the same, as in CGI and WSGI."""
    for name in fields:
        if b"_" in name:
            dashed = name.replace(b"_", b"-")
            if dashed in _SHADOWED or dashed.startswith(INTERNAL_PREFIX):
                raise bad_framing(
                    f"the header {name.decode()} is taken for {dashed.decode()} by some servers"
                )


def _check_host(fields: dict[bytes, bytes], http11: bool) -> None:
    """RFC 9112 3.2: 400 without a Host, or with an invalid one."""
    host = fields.get(b"host")
    if host is None:
        if http11:
            raise bad_framing("the header Host is missing")
    elif grammar.HOST.fullmatch(host) is None:
        raise bad_framing("the header Host must be HOST or HOST:PORT")


def _framing(fields: dict[bytes, bytes], http11: bool, limits: Limits) -> tuple[int, bool]:
    """Return the body's length, and whether it is chunked instead (RFC 9112 6.3)."""
    coding = fields.get(b"transfer-encoding")
    length = fields.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise bad_framing("Content-Length beside Transfer-Encoding: either may be meant")
        _check_coding(coding, http11)
        return 0, True
    if length is None:
        return 0, False
    if grammar.CONTENT_LENGTH.fullmatch(length) is None:
        raise bad_framing("Content-Length must be digits alone")
    if len(length) > MAX_LENGTH_DIGITS or int(length) > limits.body_bytes:
        raise body_too_large(limits)
    return int(length), False


def _check_coding(coding: bytes, http11: bool) -> None:
    """RFC 9112 6.1 and 6.3: chunked, once and last; 501 for a coding that is not known before it."""
    if not http11:
        raise bad_framing("HTTP/1.0 has no Transfer-Encoding")
    if coding.lower() == b"chunked":
        return
    codings = [name.strip(b" \t").lower() for name in coding.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1 or b"" in codings:
        raise bad_framing(
            "Transfer-Encoding must end with chunked, once: the body's end is unknown otherwise"
        )
    raise ApiError(501, "transfer_coding", "the only transfer coding is chunked", close=True)


def _awaits_continue(fields: dict[bytes, bytes], http11: bool) -> bool:
    """RFC 9110 10.1.1: the one expectation there is; a request of HTTP/1.0 cannot have it."""
    expect = fields.get(b"expect")
    if expect is None or not http11:
        return False
    if expect.lower() != b"100-continue":
        raise ApiError(417, "expectation_failed", "the only expectation is 100-continue", close=True)
    return True


def _connection(headers: HeaderLines) -> frozenset[bytes]:
    return frozenset(option for name, value in headers if name == b"connection" for option in tokens(value))


def _check_method(method: bytes, fields: dict[bytes, bytes], connection: frozenset[bytes]) -> None:
    if method not in _METHODS:  # RFC 9110 9.1; methods are case-sensitive
        message = f"the method {method[:20].decode()!r} is not known; methods are written in upper case"
        raise ApiError(501, "unknown_method", message, close=True)
    if method == b"CONNECT" or (b"upgrade" in connection and b"upgrade" in fields):
        message = "this server changes no protocols (Upgrade, CONNECT): speak HTTP/1.1 alone"
        raise ApiError(501, "no_upgrade", message, close=True)


def _origin_form(method: bytes, target: bytes, fields: dict[bytes, bytes]) -> bytes:
    """Return path and query; servers accept the absolute form too (RFC 9112 3.2.2)."""
    if target == b"*" and method == b"OPTIONS":  # RFC 9112 3.2.4
        return target
    if not target.startswith(b"/"):
        target = _without_authority(target, fields)
    if grammar.ORIGIN_FORM.fullmatch(target) is None:
        raise bad_framing("the request target has characters that must be percent-encoded, or a fragment")
    if grammar.DOT_SEGMENT.search(target.partition(b"?")[0]) is not None:
        raise bad_framing("the path has a segment . or ..: write the path that is meant")
    return target


def _without_authority(target: bytes, fields: dict[bytes, bytes]) -> bytes:
    absolute = grammar.ABSOLUTE_FORM.fullmatch(target)
    if absolute is None or grammar.HOST.fullmatch(absolute[2]) is None:
        raise bad_framing("the request target must be a path, or http://HOST/PATH")
    port = _PORTS[absolute[1].lower()]
    host = fields.get(b"host")
    if host is not None and _canonical(host, port) != _canonical(absolute[2], port):
        raise bad_framing("the request target names another host than the header Host")
    rest: bytes = absolute[3]
    return rest if rest.startswith(b"/") else b"/" + rest


def _canonical(host: bytes, default_port: bytes) -> bytes:
    return host.lower().removesuffix(default_port).removesuffix(b":")


def _what_is_wrong(raw: bytes) -> ApiError:
    """Say which line does not fit the grammar."""
    first, *lines = raw.split(b"\r\n")
    if grammar.REQUEST_LINE.fullmatch(first + b"\r\n") is None:
        return bad_beginning(first)
    for line in lines[:-1]:
        if line.startswith((b" ", b"\t")):
            return bad_framing("a header line begins with a blank: folded lines are obsolete")
        name = line.partition(b":")[0]
        if name != name.rstrip(b" \t"):
            return bad_framing("there is a blank before the colon of a header line")
        if grammar.FIELD_LINE.fullmatch(line) is None:
            return bad_framing("a header line is not NAME: VALUE, or has control characters")
    return bad_framing("the lines of the head do not end in CRLF")


def bad_beginning(line: bytes) -> ApiError:
    """Return the error for a first line that is none of HTTP."""
    if line.startswith(b"\x16\x03"):
        return bad_framing("this is TLS, and the port speaks plain HTTP")
    return bad_framing("the first line is not METHOD TARGET HTTP/1.1")
