"""What is a request and what is not: every rule as bytes in and a verdict out, cut at every byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h11
import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nightshift.proxy.errors import ApiError
from nightshift.proxy.limits import Limits
from nightshift.proxy.request import HttpRequest, RequestReader

LIMITS = Limits(header_bytes=2_000, header_count=20, target_bytes=500, body_bytes=1_000)

POST = b"POST /v1/x HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /v1/x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def head(*lines: bytes, first: bytes = b"GET /v1/x HTTP/1.1") -> bytes:
    return b"".join(line + b"\r\n" for line in (first, b"Host: a", *lines)) + b"\r\n"


def to(target: bytes, host: bytes = b"a", method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (method, target, host)


def length(value: bytes, body: bytes = b"") -> bytes:
    return POST + b"Content-Length:" + value + b"\r\n\r\n" + body


def coding(value: bytes) -> bytes:
    return POST + b"Transfer-Encoding:" + value + b"\r\n\r\n0\r\n\r\n"


REFUSED = {
    # The request line, RFC 9112 3 and 2.3
    "HTTP/0.9": (b"GET /v1/x\r\n\r\n", 400),
    "HTTP/0.9 with version": (b"GET / HTTP/0.9\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "HTTP/2.0": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.10": (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "http/1.1": (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/1,1": (b"GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400),
    "HTTP /1.1": (b"GET / HTTP /1.1\r\nHost: a\r\n\r\n", 400),
    "blank after version": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "two blanks": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two blanks after target": (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "tab": (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "blank before": (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "garbage": (b"garbage\r\n", 400),
    "two empty lines before": (b"\r\n\r\n" + to(b"/"), 400),
    "LF before": (b"\n" + to(b"/"), 400),
    "CR before": (b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    # Methods, RFC 9110 9.1
    "lower case": (to(b"/", method=b"get"), 501),
    "unknown method": (to(b"/", method=b"BREW"), 501),
    "no method": (b" / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "method with control character": (to(b"/", method=b"GE\x01T"), 400),
    "method with brackets": (to(b"/", method=b"GET()"), 400),
    "CONNECT": (to(b"a:443", b"a:443", b"CONNECT"), 501),
    "CONNECT to a path": (to(b"/", method=b"CONNECT"), 501),
    # Targets, RFC 9112 3.2
    "NUL in target": (to(b"/\x00"), 400),
    "control character in target": (to(b"/\x01"), 400),
    "DEL in target": (to(b"/\x7f"), 400),
    "byte above ASCII in target": (to(b"/\xc3\xa4"), 400),
    "fragment": (to(b"/a#b"), 400),
    "fragment in query": (to(b"/a?b#c"), 400),
    "backslash": (to(b"/a\\b"), 400),
    "dot segments": (to(b"/v1/../metrics"), 400),
    "dot segment at the end": (to(b"/v1/.."), 400),
    "single dot": (to(b"/v1/./x"), 400),
    "encoded dots": (to(b"/v1/%2e%2E/metrics"), 400),
    "encoded slashes": (to(b"/v1/x%2f..%2fmetrics"), 400),
    "relative": (to(b"v1/x"), 400),
    "query alone": (to(b"?a"), 400),
    "asterisk to GET": (to(b"*"), 400),
    "authority form": (to(b"a:80"), 400),
    "other scheme": (to(b"ftp://a/x"), 400),
    "scheme without authority": (to(b"http:/v1/x"), 400),
    "absolute form with userinfo": (to(b"http://u:p@a/x"), 400),
    "absolute form without host": (to(b"http:///x"), 400),
    "absolute form of another host": (to(b"http://b/x"), 400),
    "absolute form of another port": (to(b"http://a:81/x"), 400),
    "absolute form with fragment": (to(b"http://a/x#y"), 400),
    "long target": (to(b"/" + b"y" * 500), 414),
    "endless target": (b"GET /" + b"y" * 540, 414),
    "very long target": (to(b"/" + b"y" * 5_000), 414),
    # Lines, RFC 9112 2.2 and 5
    "LF alone": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "LF alone after a header": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "CR alone": (head(b"X: a\rb"), 400),
    "CR alone before CRLF": (head(b"X: a\r"), 400),
    "NUL in value": (head(b"X: a\x00b"), 400),
    "control character in value": (head(b"X: a\x0bb"), 400),
    "DEL in value": (head(b"X: a\x7fb"), 400),
    "NUL in name": (head(b"X\x00: a"), 400),
    "byte above ASCII in name": (head(b"X\xe4: a"), 400),
    "blank before colon": (head(b"X : a"), 400),
    "tab before colon": (head(b"X\t: a"), 400),
    "blank in name": (head(b"X Y: a"), 400),
    "no colon": (head(b"X"), 400),
    "no name": (head(b": a"), 400),
    "folded line": (head(b"X: a", b" b"), 400),
    "folded first line": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "folded with tab": (head(b"X: a", b"\tb"), 400),
    "headers too long": (head(b"X: " + b"y" * 2_000), 431),
    "endless header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 2_000, 431),
    "too many headers": (head(*[b"X: 1"] * 20), 431),
    # Host, RFC 9112 3.2 and RFC 9110 7.2
    "no Host": (b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
    "no header at all": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (head(b"Host: a"), 400),
    "two Hosts in 1.0": (head(b"Host: b", first=b"GET / HTTP/1.0"), 400),
    "empty Host": (to(b"/", b""), 400),
    "Host with path": (to(b"/", b"a/b"), 400),
    "Host with userinfo": (to(b"/", b"u@a"), 400),
    "Host with blank": (to(b"/", b"a b"), 400),
    "Host list": (to(b"/", b"a, b"), 400),
    "Host with bad port": (to(b"/", b"a:80x"), 400),
    "Host with two ports": (to(b"/", b"a:80:80"), 400),
    "Host with scheme": (to(b"/", b"http://a"), 400),
    "Host with open bracket": (to(b"/", b"[::1"), 400),
    # Content-Length, RFC 9112 6.3 and RFC 9110 8.6
    "length with sign": (length(b" +3", b"abc"), 400),
    "negative length": (length(b" -3"), 400),
    "length list": (length(b" 3, 3", b"abc"), 400),
    "hexadecimal length": (length(b" 0x3", b"abc"), 400),
    "length with underscore": (length(b" 1_0", b"abc"), 400),
    "length with fraction": (length(b" 3.0", b"abc"), 400),
    "length with blank inside": (length(b" 1 0", b"abc"), 400),
    "length with vertical tab": (length(b" \x0b3", b"abc"), 400),
    "empty length": (length(b"", b"abc"), 400),
    "length of other digits": (length(" ٣".encode(), b"abc"), 400),
    "huge length": (length(b" " + b"9" * 30), 413),
    "length beyond int's own limit": (length(b" " + b"9" * 1_900), 413),
    "two lengths": (head(b"Content-Length: 3", b"Content-Length: 3") + b"abc", 400),
    "two different lengths": (head(b"Content-Length: 3", b"Content-Length: 4") + b"abcd", 400),
    "body too large": (length(b" 1001"), 413),
    "length under another name": (head(b"Content_Length: 3"), 400),
    # Transfer-Encoding, RFC 9112 6.1
    "TE then CL": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "CL then TE": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "TE identity with CL": (POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 400),
    "TE in 1.0": (head(b"Transfer-Encoding: chunked", first=b"POST / HTTP/1.0") + b"0\r\n\r\n", 400),
    "two TEs": (POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400),
    "chunked twice": (coding(b" chunked, chunked"), 400),
    "chunked not last": (coding(b" chunked, gzip"), 400),
    "identity": (coding(b" identity"), 400),
    "xchunked": (coding(b" xchunked"), 400),
    "chunked with parameter": (coding(b" chunked;a=b"), 400),
    "chunked in quotes": (coding(b' "chunked"'), 400),
    "chunked and a comma": (coding(b" chunked,"), 400),
    "comma and chunked": (coding(b" ,chunked"), 400),
    "vertical tab before chunked": (coding(b"\x0bchunked"), 400),
    "chunked and NUL": (coding(b" chunked\x00"), 400),
    "empty TE": (coding(b""), 400),
    "another coding": (coding(b" gzip, chunked"), 501),
    "TE under another name": (head(b"Transfer_Encoding: chunked"), 400),
    # Chunks, RFC 9112 7.1
    "chunk size of letters": (CHUNKED + b"xyz\r\n", 400),
    "chunk size with prefix": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size with sign": (CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    "negative chunk size": (CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size with blank": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    "blank before chunk size": (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400),
    "empty chunk size": (CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size of 16 digits": (CHUNKED + b"1000000000000000\r\n", 400),
    "chunk size of 17 digits": (CHUNKED + b"10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
    "chunk size with underscore": (CHUNKED + b"1_0\r\n", 400),
    "chunk too large": (CHUNKED + b"fffffffff\r\n", 413),
    "chunks too large together": (CHUNKED + b"1f4\r\n" + b"x" * 500 + b"\r\n1f5\r\n", 413),
    "chunk longer than its size": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "chunk ending in LF": (CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400),
    "chunk ending in CR": (CHUNKED + b"3\r\nabc\r0\r\n\r\n", 400),
    "chunk size ending in LF": (CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
    "chunk size with CR inside": (CHUNKED + b"3\rabc\r\n0\r\n\r\n", 400),
    "extension with NUL": (CHUNKED + b"3;a\x00\r\nabc\r\n0\r\n\r\n", 400),
    "extension with CR": (CHUNKED + b"3;a\rb\r\nabc\r\n0\r\n\r\n", 400),
    "extension with LF": (CHUNKED + b"3;a\nabc\r\n0\r\n\r\n", 400),
    "extension without name": (CHUNKED + b"3;\r\nabc\r\n0\r\n\r\n", 400),
    "extension with open quotes": (CHUNKED + b'3;a="b\r\nabc\r\n0\r\n\r\n', 400),
    "long extension": (CHUNKED + b"3;a=" + b"b" * 1_100, 400),
    "many extensions": (CHUNKED + (b"1;a=" + b"b" * 900 + b"\r\nx\r\n") * 3, 400),
    "last chunk ending in LF": (CHUNKED + b"0\n\n", 400),
    "folded trailer": (CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n", 400),
    "trailer without colon": (CHUNKED + b"0\r\nX\r\n\r\n", 400),
    "trailer with NUL": (CHUNKED + b"0\r\nX: \x00\r\n\r\n", 400),
    "length in a trailer": (CHUNKED + b"0\r\ncontent-Length: 3\r\n\r\n", 400),
    "coding in a trailer": (CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "length of 16 digits": (length(b" 0000000000000003", b"abc"), 413),
    "trailers too long": (CHUNKED + b"0\r\n" + (b"X: " + b"y" * 900 + b"\r\n") * 3, 400),
    "endless trailer": (CHUNKED + b"0\r\nX: " + b"y" * 2_100, 400),
    # Other fields that decide something
    "Upgrade": (head(b"Connection: upgrade", b"Upgrade: websocket"), 501),
    "Upgrade to h2c": (head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"), 501),
    "another expectation": (head(b"Expect: a-pony"), 417),
    "two expectations": (head(b"Expect: 100-continue", b"Expect: 100-continue"), 400),
    "two Authorizations": (head(b"Authorization: a", b"Authorization: b"), 400),
    "two Content-Types": (head(b"Content-Type: a/b", b"Content-Type: c/d"), 400),
    "two tokens of a peer": (head(b"x-nightshift-peer-token: a", b"X-Nightshift-Peer-Token: b"), 400),
    "a peer under another name": (head(b"X_Nightshift_Peer: a"), 400),
}  # fmt: skip


@dataclass
class Read:
    """What came of some bytes: requests, the refusal that ended them, and what is left."""

    requests: list[tuple[str, bytes, bool, bool, list[tuple[bytes, bytes]], bytes]]
    status: int | None
    incomplete: bool


def read(pieces: list[bytes], limits: Limits = LIMITS) -> Read:
    """Feed pieces to one reader and take all requests, as a connection does."""
    reader = RequestReader(limits)
    found: list[Any] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (request := reader.next()) is not None:
                found.append(essence(request))
    except ApiError as error:
        return Read(found, error.status if error.close else -1, incomplete=False)
    return Read(found, None, incomplete=reader.in_head or reader.incomplete is not None)


def essence(request: HttpRequest) -> tuple[str, bytes, bool, bool, list[tuple[bytes, bytes]], bytes]:
    names = [name for name, _ in request.headers]
    assert set(request.fields) == set(names)
    assert not {b"content-length", b"transfer-encoding"} & set(names)
    assert b"\r\n" not in request.lines.replace(b"\r\n", b"", request.lines.count(b"\r\n")) + request.target
    return (
        request.method,
        request.target,
        request.http11,
        request.keep_alive,
        request.headers,
        request.body,
    )


def one(data: bytes, limits: Limits = LIMITS) -> HttpRequest:
    reader = RequestReader(limits)
    reader.feed(data)
    request = reader.next()
    assert request is not None
    return request


def cuts(data: bytes) -> list[list[bytes]]:
    """All ways to cut in two, and each byte alone."""
    halves = [[data[:at], data[at:]] for at in range(1, len(data))] if len(data) < 400 else []
    return [[data], *halves, [data[at : at + 1] for at in range(len(data))]]


@pytest.mark.parametrize("name", REFUSED)
def test_what_two_servers_could_read_differently_is_refused(name: str) -> None:
    data, status = REFUSED[name]
    for pieces in cuts(data):
        result = read(pieces)
        assert (result.requests, result.status) == ([], status), pieces


def test_a_line_that_grows_without_end_is_refused_before_it_ends() -> None:
    for data, status in REFUSED.values():
        for at in range(len(data)):
            assert read([data[:at]]).status in {None, status}


ACCEPTED = {
    "a path": (to(b"/v1/x"), b"/v1/x", b""),
    "a query": (to(b"/v1/x?a=/../&b=\"[]{}|\\^`'"), b"/v1/x?a=/../&b=\"[]{}|\\^`'", b""),
    "dots in names": (to(b"/v1/..a/.b./c..."), b"/v1/..a/.b./c...", b""),
    "percent": (to(b"/v1/a%20b%2fc"), b"/v1/a%20b%2fc", b""),
    "an empty line before": (b"\r\n" + to(b"/"), b"/", b""),
    "asterisk": (to(b"*", method=b"OPTIONS"), b"*", b""),
    "absolute form": (to(b"http://a/v1/x?y"), b"/v1/x?y", b""),
    "absolute form with default port": (to(b"HTTP://A:80?y", b"a"), b"/?y", b""),
    "absolute form of https": (to(b"https://a:443", b"a"), b"/", b""),
    "Host with port": (to(b"/", b"a.b-c_d:8000"), b"/", b""),
    "Host of IPv6": (to(b"/", b"[::1]:80"), b"/", b""),
    "no Host in 1.0": (b"GET / HTTP/1.0\r\n\r\n", b"/", b""),
    "length in blanks": (length(b" \t 3\t ", b"abc"), b"/v1/x", b"abc"),
    "length with zeros": (length(b"000000000000003", b"abc"), b"/v1/x", b"abc"),
    "length of nothing": (length(b"0"), b"/v1/x", b""),
    "GET with length 0": (head(b"Content-Length: 0"), b"/v1/x", b""),
    "GET with body": (head(b"Content-Length: 3") + b"abc", b"/v1/x", b""),
    "GET with chunks": (head(b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n", b"/v1/x", b""),
    "HEAD with body": (head(b"Content-Length: 3", first=b"HEAD / HTTP/1.1") + b"abc", b"/", b""),
    "POST without length": (POST + b"\r\n", b"/v1/x", b""),
    "chunked in capitals": (coding(b"\t CHUNKED "), b"/v1/x", b""),
    "chunks": (CHUNKED + b"3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", b"/v1/x", b"abc0123456789"),
    "extensions": (CHUNKED + b'3;a;b=c;d="e;\\"f"\r\nabc\r\n0;g\r\n\r\n', b"/v1/x", b"abc"),
    "trailers": (CHUNKED + b"3\r\nabc\r\n0\r\nY:\r\nX: y\r\n\r\n", b"/v1/x", b"abc"),
    "CRLF in chunks": (CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"/v1/x", b"\r\n\r\n"),
    "empty value": (head(b"X:"), b"/v1/x", b""),
    "value above ASCII": (head(b"X: \xe4\xff"), b"/v1/x", b""),
    "Upgrade that is not asked for": (head(b"Upgrade: h2c"), b"/v1/x", b""),
    "Expect in 1.0": (head(b"Expect: what", first=b"GET / HTTP/1.0"), b"/", b""),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_a_request_is_read_the_same_however_it_is_cut(name: str) -> None:
    data, target, body = ACCEPTED[name]
    for pieces in cuts(data):
        result = read(pieces)
        assert result.status is None
        assert not result.incomplete
        assert [(request[1], request[5]) for request in result.requests] == [(target, body)]


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: x, Close\r\n", False),
        (b"1.1", b"Connection: keep-alive\r\nConnection: close\r\n", False),
        (b"1.1", b"Connection: enclosed\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", True),
        (b"1.0", b"Connection: keep-alive, close\r\n", False),
    ],
)
def test_whether_the_connection_is_kept(version: bytes, connection: bytes, kept: bool) -> None:
    assert one(b"GET / HTTP/%b\r\nHost: a\r\n%b\r\n" % (version, connection)).keep_alive is kept


def test_many_requests_in_one_piece_come_one_by_one() -> None:
    data = b"".join(data for data, _, _ in ACCEPTED.values())
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data[:200], data[200:]]):
        result = read(pieces)
        assert result.status is None
        assert [request[1] for request in result.requests] == [target for _, target, _ in ACCEPTED.values()]


@pytest.mark.parametrize("tighter", [{"target_bytes": 4}, {"header_bytes": 20}, {"body_bytes": 3}])
def test_other_limits_hold_from_the_next_head_on_also_for_one_like_the_last(tighter: dict[str, int]) -> None:
    reader = RequestReader(LIMITS)
    request = length(b"6", b"abcdef")
    reader.feed(request[:-3])
    assert reader.next() is None
    reader.use(LIMITS.model_copy(update=tighter))
    reader.feed(request[-3:])
    begun = reader.next()
    assert begun is not None
    assert begun.body == b"abcdef"
    reader.feed(request)
    with pytest.raises(ApiError):
        reader.next()


def test_who_waits_for_a_word_before_the_body() -> None:
    reader = RequestReader(LIMITS)
    reader.feed(POST + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
    assert reader.next() is None
    assert reader.incomplete is not None
    assert reader.awaits_continue
    reader.feed(b"a")
    assert reader.next() is None
    begun = reader
    assert not begun.awaits_continue, "it has begun without"
    reader.feed(b"bc" + POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1")
    assert reader.next() is not None
    assert reader.next() is None
    assert not reader.awaits_continue


@pytest.mark.parametrize("more", [b"Content-Length: 0\r\n\r\n", b"\r\n"])
def test_who_sends_no_body_waits_for_no_word(more: bytes) -> None:
    assert one(POST + b"Expect: 100-continue\r\n" + more).body == b""


def test_a_header_taken_away_goes_nowhere() -> None:
    data = POST + b"Authorization: Bearer k\r\nX: y\r\nContent-Length: 0\r\n\r\n"
    reader = RequestReader(LIMITS)
    reader.feed(data + data)
    request = reader.next()
    assert request is not None
    request.drop(b"authorization")
    request.drop(b"not-there")
    assert b"authorization" not in request.fields
    assert request.lines == b"x: y\r\n"
    again = reader.next()
    assert again is not None
    assert again.fields[b"authorization"] == b"Bearer k", "the next one has it still"


# Heads that are like the one before

LENGTHS = [
    b"3",
    b"03",
    b"1",
    b"10",
    b"0",
    b"1000",
    b"1001",
    b"",
    b"3 ",
    b" 3",
    b"+3",
    b"3, 3",
    b"\xb2",
    b"9" * 40,
]


@pytest.mark.parametrize("second", LENGTHS)
@pytest.mark.parametrize("first", LENGTHS)
@pytest.mark.parametrize("method", [b"POST", b"GET"])
def test_a_head_like_the_last_one_is_judged_like_a_new_one(
    method: bytes, first: bytes, second: bytes
) -> None:
    def request(value: bytes) -> bytes:
        body = b"x" * int(value) if value.strip().isdigit() and int(value) < 1001 else b""
        return b"%b / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\nX: 3\r\n\r\n%b" % (method, value, body)

    alone = [read([request(first)]), read([request(second)])]
    if alone[0].status is None:
        both = read([request(first) + request(second)])
        assert both.requests == alone[0].requests + alone[1].requests
        assert both.status == alone[1].status


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_what_came_before_makes_no_difference(data: st.DataObject) -> None:
    first = data.draw(st.sampled_from(sorted(request for request, _, _ in ACCEPTED.values())))
    head_bytes = first.index(b"\r\n\r\n", 2) + 4
    second = bytearray(first)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, head_bytes - 1))
        piece = data.draw(st.sampled_from([b"", b"0", b"1", b"3", b" ", b"\r", b"\n", b"\r\n", b"x", b","]))
        second[at : at + data.draw(st.integers(0, 1))] = piece
    alone = read([bytes(second)])
    both = read([first + second])
    assert both.requests == read([first]).requests + alone.requests
    assert (both.status, both.incomplete) == (alone.status, alone.incomplete)


# Any bytes at all

FRAGMENTS = [
    *(data for data, _ in REFUSED.values() if len(data) < 300),
    *(data for data, _, _ in ACCEPTED.values()),
    *(b"GET", b"POST ", b"/", b"*", b" ", b"\t", b"\r", b"\n", b"\r\n", b"\r\n\r\n"),
    *(b"\x00", b"\x0b", b"\xff", b"_", b"#", b"?", b"%2e", b".."),
    *(b"HTTP/1.1", b"HTTP/1.0", b":", b";", b"=", b'"', b",", b"0", b"3", b"a"),
    *(b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length", b"Transfer-Encoding: chunked\r\n"),
    *(b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n", b"abc"),
]  # fmt: skip

soup = st.lists(
    st.sampled_from(FRAGMENTS) | st.binary(max_size=4) | st.sampled_from([POST, GET, CHUNKED]), max_size=12
).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return good requests with a few bytes of them replaced, taken out or doubled."""
    data = draw(st.lists(st.sampled_from(sorted(d for d, _, _ in ACCEPTED.values())), min_size=1, max_size=3))
    whole = bytearray(b"".join(data))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(whole) - 1))
        kind = draw(st.integers(0, 2))
        piece = draw(
            st.sampled_from([b"\r", b"\n", b"\x00", b" ", b"\t", b":", b",", b"0", b";", b"\x80", b"x"])
        )
        whole[at : at + (kind != 0)] = piece if kind < 2 else b""
    return bytes(whole)


@given(soup | mutated(), st.lists(st.integers(1, 40), max_size=30))
@settings(max_examples=400, deadline=None)
@example(b"\r\r\n", [1])
def test_the_cut_makes_no_difference_and_only_refusals_are_raised(data: bytes, sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    whole = read([data])
    assert read(pieces) == whole
    assert read([data[at : at + 1] for at in range(len(data))]) == whole


class Llhttp:
    """What llhttp reads, by way of httptools."""

    def __init__(self, data: bytes) -> None:
        self.url, self.body, self.complete = b"", b"", False
        self.headers: list[tuple[bytes, bytes]] = []
        self._in_trailers = False
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method().decode()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_trailers:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_trailers = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


def h11_reads(data: bytes) -> tuple[str, bytes, list[tuple[bytes, bytes]], bytes]:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=10_000)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        body += bytes(event.data)
    assert connection.trailing_data[0] == b"", "nothing is left over for a next request"
    return request.method.decode(), request.target, list(request.headers), body


@given(mutated() | soup)
@settings(max_examples=400, deadline=None)
def test_whatever_is_accepted_other_parsers_read_the_same(data: bytes) -> None:
    reader = RequestReader(LIMITS)
    at = 0
    reader.feed(data)
    try:
        while (request := reader.next()) is not None:
            end = len(data) - reader.unread_bytes
            raw, at = data[at:end], end
            judge(request, raw)
    except ApiError:
        pass


def judge(request: HttpRequest, raw: bytes) -> None:
    """Compare with h11 and llhttp, which are given the bytes that this request was made of, and no more."""
    raw = raw.removeprefix(b"\r\n")
    method, target, headers, body = h11_reads(raw)
    theirs = Llhttp(raw)
    assert theirs.complete
    assert (theirs.method, theirs.url, theirs.body) == (method, target, body)
    assert method == request.method
    assert request.body == (b"" if method in {"GET", "HEAD", "DELETE", "TRACE"} else body)
    assert target == request.target or target.lower().startswith((b"http://", b"https://"))
    framing = (b"content-length", b"transfer-encoding")
    plain = [(name, value) for name, value in headers if name not in framing]
    assert plain == request.headers
    assert [(n, v.strip(b" \t")) for n, v in theirs.headers if n not in framing] == request.headers
    assert request.http11 == raw.split(b"\r\n")[0].endswith(b"1.1")


@pytest.mark.parametrize("name", ACCEPTED)
def test_other_parsers_read_what_is_accepted(name: str) -> None:
    judge(one(ACCEPTED[name][0]), ACCEPTED[name][0])
