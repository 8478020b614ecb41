"""Reading requests off a client's connection.

llhttp does the grammar, strictly (no bare LF, no folded lines, no Transfer-Encoding beside Content-Length).
What it lets pass is checked here: limits on head and body, exactly one Host, no other transfer coding than
chunked, none at all in HTTP/1.0, no upgrade. Every refusal is an `ApiError`; those about framing close the
connection, because where the next request begins is anybody's guess.

A request is handed on when it is whole. Placement needs the prompt, and a target that fails needs it again.
"""

from dataclasses import dataclass
from typing import Protocol

import httptools

from nightshift.proxy.errors import ApiError, bad_framing
from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.limits import Limits

_ONCE = (b"host", b"content-length", b"transfer-encoding", b"expect", b"authorization", b"x-hash-key")


@dataclass(slots=True, eq=False)
class HttpRequest:
    """A whole request. `fields` has the last value of each header, for look-ups."""

    method: str
    target: bytes
    path: str
    http11: bool
    keep_alive: bool
    headers: HeaderLines
    fields: dict[bytes, bytes]
    body: bytes = b""


class Receiver(Protocol):
    """Who gets what a `RequestReader` reads."""

    def request_complete(self, request: HttpRequest) -> None:
        """A request is here, whole. Called from inside the parser: take note, act later."""

    def body_awaited(self) -> None:
        """The client waits for `100 Continue` before it sends the body."""


class RequestReader:
    """One for each connection; reads any number of requests, one after another."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_error",
        "_headers",
        "_idle_bytes",
        "_in_head",
        "_limits",
        "_parser",
        "_progress",
        "_receiver",
        "_request",
        "_url",
    )

    def __init__(self, receiver: Receiver, limits: Limits) -> None:
        self._receiver = receiver
        self._limits = limits
        self._error: ApiError | None = None
        self._idle_bytes = 0
        self.on_message_begin()
        self._progress = False
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Read on. Raises `ApiError` when what was read is no acceptable request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise self._error or bad_framing("the protocol cannot be changed here") from None
        except httptools.HttpParserCallbackError:
            if self._error is None:
                raise  # a defect of ours, not of the request
            raise self._error from None
        except httptools.HttpParserError as error:
            raise bad_framing(f"this is not an HTTP/1.1 request: {error}") from None
        if self._progress:
            self._progress = False
            self._idle_bytes = 0
        else:
            self._bound_idle_bytes(len(data))

    def close(self) -> None:
        """Read no more. The parser holds this object's methods: without it there is no cycle to collect."""
        del self._parser

    def _bound_idle_bytes(self, received: int) -> None:
        """Bound what comes in reads that neither begin nor end a request nor bring any of its body.

        These are heads, trailers and chunk extensions. The parser tells of a line when it is whole, and
        holds it in memory until then.
        """
        self._idle_bytes += received
        if self._idle_bytes > self._limits.header_bytes:
            raise self._head_too_large()

    # Called by the parser

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        self._progress = True
        self._url = b""
        self._headers: HeaderLines = []
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._request: HttpRequest | None = None

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line, or a trailer, which is read and forgotten."""
        if self._in_head:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: judge it before anything of the body is kept."""
        try:
            self._request = self._judged_head()
        except ApiError as error:
            self._error = error
            raise
        self._in_head = False
        if b"expect" in self._request.fields and self._request.http11:
            self._receiver.body_awaited()

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._progress = True
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.body_bytes:
            self._error = self._body_too_large()
            raise self._error
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        request = self._request
        assert request is not None, "llhttp completes a message after its head"  # noqa: S101 - for the type
        body, self._body, self._request = self._body, [], None
        request.body = body[0] if len(body) == 1 else b"".join(body)
        self._progress = True
        self._receiver.request_complete(request)

    # What is checked

    def _judged_head(self) -> HttpRequest:
        self._check_size()
        fields = dict(self._headers)
        http11 = self._parser.get_http_version() == "1.1"
        if len(fields) != len(self._headers):
            self._refuse_repeated()
        if http11 and b"host" not in fields:
            raise bad_framing("the header Host is missing")
        self._check_framing(fields, http11)
        method = self._parser.get_method().decode()
        if self._parser.should_upgrade():
            raise ApiError(
                501, "no_upgrade", "this server changes no protocols (Upgrade, CONNECT)", close=True
            )
        target = _origin_form(self._url)
        path = target.partition(b"?")[0].decode("latin-1")
        keep_alive = self._parser.should_keep_alive()
        return HttpRequest(method, target, path, http11, keep_alive, self._headers, fields)

    def _check_size(self) -> None:
        size = len(self._url) + sum([len(name) + len(value) + 4 for name, value in self._headers])
        if size > self._limits.header_bytes or len(self._headers) > self._limits.header_count:
            raise self._head_too_large()

    def _refuse_repeated(self) -> None:
        names = [name for name, _ in self._headers]
        for name in _ONCE:
            if names.count(name) > 1:
                raise bad_framing(f"the header {name.decode()} is there more than once")

    def _check_framing(self, fields: dict[bytes, bytes], http11: bool) -> None:
        coding = fields.get(b"transfer-encoding")
        if coding is not None:
            if not http11:
                raise bad_framing("HTTP/1.0 has no Transfer-Encoding")
            if coding.strip().lower() != b"chunked":
                raise ApiError(501, "transfer_coding", "the only transfer coding is chunked", close=True)
        if int(fields.get(b"content-length", b"0")) > self._limits.body_bytes:  # llhttp allows digits only
            raise self._body_too_large()
        expect = fields.get(b"expect")
        if expect is not None and expect.strip().lower() != b"100-continue":
            raise ApiError(417, "expectation_failed", "the only expectation is 100-continue", close=True)

    def _head_too_large(self) -> ApiError:
        limits = self._limits
        message = (
            f"request line and headers: at most {limits.header_bytes} bytes in {limits.header_count} lines"
        )
        return ApiError(431, "headers_too_large", message, close=True)

    def _body_too_large(self) -> ApiError:
        message = f"the body may have {self._limits.body_bytes} bytes at most"
        return ApiError(413, "body_too_large", message, close=True)


def _origin_form(target: bytes) -> bytes:
    """Return the path and query; servers accept the absolute form too (RFC 9112 3.2.2)."""
    if target.startswith(b"/"):
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise bad_framing("the request target must be a path, or http://HOST/PATH")
    slash = rest.find(b"/")
    return rest[slash:] if slash >= 0 else b"/"
