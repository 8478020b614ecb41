"""Responses of an upstream that does not behave: every rule as bytes in and what the delivery is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.proxy.limits import Limits
from nightshift.proxy.upstream import Upstream

if TYPE_CHECKING:
    from nightshift.proxy.response_head import ResponseHead

LIMITS = Limits(header_bytes=2_000, header_count=20)
OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Line(asyncio.Transport):
    """A transport that keeps what is written, and whether it was dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped = False

    def write(self, data: Any) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.dropped = True


@dataclass
class Told:
    """What a delivery was told. Without a `lost` or `whole`, more is awaited."""

    head_only: bool = False
    status: int = 0
    head: Any = None
    body: bytes = b""
    whole: bool = False
    lost: str | None = None
    reused: bool = False
    passed: int = 0
    """Chunks that went past the parser."""


@dataclass
class Recorder:
    told: Told
    released: list[Upstream] = field(default_factory=list)

    @property
    def head_only(self) -> bool:
        return self.told.head_only

    def connected(self, connection: Upstream) -> None:
        connection.send(self, b"")

    def head(self, head: ResponseHead) -> None:
        assert self.told.head is None
        self.told.status, self.told.head = head.status, head

    def body(self, data: bytes) -> None:
        if self.told.lost is None:
            assert self.told.head is not None
            self.told.body += data

    def chunk(self, block: bytes, start: int) -> None:
        self.told.passed += 1
        self.body(block[start:-2])

    def complete(self) -> None:
        assert not self.told.whole
        self.told.whole = True

    def whole(self, head: ResponseHead, data: bytes) -> None:
        self.head(head)
        self.body(data)
        self.complete()

    def lost(self, reason: str, *, anything_received: bool) -> None:
        assert not self.told.whole
        assert anything_received
        self.told.lost = reason

    def release(self, connection: Upstream) -> None:
        self.released.append(connection)

    def forget(self, connection: Upstream) -> None:
        pass


def receive(pieces: list[bytes], *, head_only: bool = False, closed: bool = False) -> Told:
    """Let a connection receive these, and then its end."""
    recorder, line = Recorder(Told(head_only)), Line()
    upstream = Upstream(recorder, recorder, LIMITS)
    upstream.connection_made(line)
    for piece in pieces:
        if not line.dropped:
            upstream.data_received(piece)
    told = recorder.told
    told.reused = bool(recorder.released) and not line.dropped
    if closed:
        upstream.connection_lost(None)
    return told


def cuts(data: bytes) -> list[list[bytes]]:
    halves = [[data[:at], data[at:]] for at in range(1, len(data))] if len(data) < 300 else []
    return [[data], *halves, [data[at : at + 1] for at in range(len(data))]]


def lines(*more: bytes, first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"".join(line + b"\r\n" for line in (first, *more)) + b"\r\n"


BROKEN = {
    "garbage": b"garbage\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status 000": lines(b"Content-Length: 0", first=b"HTTP/1.1 000 No"),
    "status 099": lines(b"Content-Length: 0", first=b"HTTP/1.1 099 No"),
    "status 600": lines(b"Content-Length: 0", first=b"HTTP/1.1 600 No"),
    "status 999": lines(b"Content-Length: 0", first=b"HTTP/1.1 999 No"),
    "status of two digits": lines(b"Content-Length: 0", first=b"HTTP/1.1 20 OK"),
    "status of four digits": lines(b"Content-Length: 0", first=b"HTTP/1.1 2000 OK"),
    "status with sign": lines(b"Content-Length: 0", first=b"HTTP/1.1 +20 OK"),
    "two blanks": lines(b"Content-Length: 0", first=b"HTTP/1.1  200 OK"),
    "blank before": b" " + EMPTY,
    "unasked 101": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc",
    "101 without upgrade": b"HTTP/1.1 101 Switching\r\n\r\n" + EMPTY,
    "1xx flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 17 + EMPTY,
    "1xx with a body": b"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc" + EMPTY,
    "CL and TE": lines(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "TE and CL": lines(b"Transfer-Encoding: chunked", b"Content-Length: 3") + b"0\r\n\r\n",
    "two lengths": lines(b"Content-Length: 3", b"Content-Length: 3") + b"abc",
    "two different lengths": lines(b"Content-Length: 3", b"Content-Length: 4") + b"abcd",
    "length list": lines(b"Content-Length: 3, 3") + b"abc",
    "length with sign": lines(b"Content-Length: +3") + b"abc",
    "empty length": lines(b"Content-Length:") + b"abc",
    "length of 16 digits": lines(b"Content-Length: 1000000000000000") + b"abc",
    "length beyond 64 bits": lines(b"Content-Length: 99999999999999999999") + b"abc",
    "another coding": lines(b"Transfer-Encoding: gzip") + b"abc",
    "another coding before": lines(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "xchunked": lines(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "identity": lines(b"Transfer-Encoding: identity") + b"abc",
    "chunked twice": lines(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "two codings": lines(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "gzip, then chunked": lines(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks in 1.0": lines(b"Transfer-Encoding: chunked", first=b"HTTP/1.0 200 OK") + b"0\r\n\r\n",
    "NUL in value": lines(b"X: a\x00b"),
    "control character in value": lines(b"X: a\x01b"),
    "NUL in name": lines(b"X\x00: a"),
    "folded line": lines(b"X: a", b" b"),
    "CR alone": lines(b"X: a\rSet-Cookie: b"),
    "LF alone": lines(b"X: a\nSet-Cookie: b"),
    "LF alone in the status line": b"HTTP/1.1 200 OK\nX: a\r\n\r\n",
    "CR alone in the reason": b"HTTP/1.1 200 O\rK\r\n\r\n",
    "blank before colon": lines(b"X : a"),
    "no colon": lines(b"X"),
    "long head": lines(b"X: " + b"y" * 2_000),
    "endless head": OK + b"X: " + b"y" * 5_000,
    "many headers": lines(*[b"X: 1"] * 21),
    "bad chunk size": CHUNKED + b"xyz\r\n",
    "chunk size with blank": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "huge chunk size": CHUNKED + b"fffffffffffffffffff\r\n",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "endless extension": CHUNKED + b"3;" + b"a" * 5_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_response_that_is_none_is_a_loss(name: str) -> None:
    data = BROKEN[name]
    for pieces in cuts(data):
        told = receive(pieces)
        assert told.lost, pieces
        assert not told.whole
        assert not told.reused
        assert told.status in {0, 200}
        assert told.body in {b"", b"abc"}


@pytest.mark.parametrize("more", [b"X: " + b"y" * 5_000, b"X: y\r\n" * 500])
def test_trailers_without_end_are_cut_off(more: bytes) -> None:
    data = CHUNKED + b"3\r\nabc\r\n0\r\n" + more
    for size in (1, 100, 700):
        told = receive([data[at : at + size] for at in range(0, len(data), size)])
        assert told.lost
        assert not told.whole


TRUNCATED = {
    "nothing but a line": OK,
    "head": OK + b"Content-Length: 3",
    "body": OK + b"Content-Length: 3\r\n\r\nab",
    "chunk": CHUNKED + b"3\r\nab",
    "chunks": CHUNKED + b"3\r\nabc\r\n",
    "last chunk": CHUNKED + b"3\r\nabc\r\n0\r\n",
    "after 1xx": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_an_end_before_the_end_is_a_loss(name: str) -> None:
    for pieces in cuts(TRUNCATED[name]):
        told = receive(pieces, closed=True)
        assert told.lost is not None
        assert not told.whole


WHOLE: dict[str, tuple[bytes, int, bytes, bool]] = {
    "empty": (EMPTY, 200, b"", True),
    "body": (OK + b"Content-Length: 3\r\n\r\nabc", 200, b"abc", True),
    "length with zeros": (OK + b"Content-Length: 003\r\n\r\nabc", 200, b"abc", True),
    "chunks": (CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n", 200, b"abcde", True),
    "1xx": (b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + EMPTY, 200, b"", True),
    "close": (lines(b"Connection: close", b"Content-Length: 3") + b"abc", 200, b"abc", False),
    "HTTP/1.0": (lines(b"Content-Length: 3", first=b"HTTP/1.0 200 OK") + b"abc", 200, b"abc", False),
    "204 with a body": (lines(b"Content-Length: 3", first=b"HTTP/1.1 204 No") + b"abc", 204, b"", False),
    "304 with a body": (lines(b"Content-Length: 3", first=b"HTTP/1.1 304 No") + b"abc", 304, b"", False),
    "304 with a length": (lines(b"Content-Length: 3", first=b"HTTP/1.1 304 No"), 304, b"", True),
    "a second one": (EMPTY + EMPTY, 200, b"", False),
    "half a second one": (EMPTY + b"HTTP/1.1 2", 200, b"", False),
    "garbage after": (EMPTY + b"X", 200, b"", False),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
    "the last status": (lines(b"Content-Length: 0", first=b"HTTP/1.1 599 ?"), 599, b"", True),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_response_is_told_once_and_only_a_clean_connection_used_again(name: str) -> None:
    data, status, body, reused = WHOLE[name]
    for pieces in cuts(data):
        told = receive(pieces)
        assert (told.status, told.body, told.lost, told.whole) == (status, body, None, True)
        if len(pieces) == 1:
            assert told.reused is reused
        else:
            assert not (told.reused and not reused), "what comes to an idle connection closes it"


def test_a_length_is_told_as_a_plain_number() -> None:
    assert receive([WHOLE["length with zeros"][0]]).head.length == b"3"
    assert receive([OK + b"Content-Length: 000\r\n\r\n"]).head.length == b"0"


def test_the_end_of_a_connection_can_be_the_end_of_a_body() -> None:
    told = receive([OK + b"\r\nabc", b"def"], closed=True)
    assert (told.body, told.whole) == (b"abcdef", True)


@pytest.mark.parametrize("framing", [b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_head_has_no_body_whatever_comes(framing: bytes) -> None:
    for pieces in cuts(OK + framing + b"\r\nabc"):
        told = receive(pieces, head_only=True)
        assert (told.body, told.whole, told.reused) == (b"", True, False)


@pytest.mark.parametrize("reason", [b"O\x00K", b"O\x01K", b"O\x7fK", b"x" * 201])
def test_an_odd_reason_is_left_out(reason: bytes) -> None:
    told = receive([b"HTTP/1.1 200 %b\r\nContent-Length: 0\r\n\r\n" % reason])
    assert (told.head.reason, told.whole) == (b"", True)


def test_a_reason_may_have_other_letters() -> None:
    assert receive([b"HTTP/1.1 200 \xc3\xa4\r\nContent-Length: 0\r\n\r\n"]).head.reason == b"\xc3\xa4"


def test_a_stream_may_bring_its_chunk_sizes_apart_from_their_data_for_ever() -> None:
    told = receive([CHUNKED, *[b"1\r\n", b"x\r\n"] * 2_000, b"0\r\n\r\n"])
    assert (len(told.body), told.whole, told.reused) == (2_000, True, True)


def test_an_idle_connection_that_says_anything_is_closed() -> None:
    recorder, line = Recorder(Told()), Line()
    upstream = Upstream(recorder, recorder, LIMITS)
    upstream.connection_made(line)
    upstream.data_received(EMPTY)
    assert recorder.released == [upstream]
    assert not line.dropped
    upstream.data_received(EMPTY)
    assert line.dropped


FRAGMENTS = [
    *(data for data in BROKEN.values() if len(data) < 200),
    *(data for data, *_ in WHOLE.values()),
    *(b"HTTP/1.1 ", b"200", b" OK\r\n", b"\r\n", b"\r", b"\n", b"\x00", b":", b"Content-Length: 3\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"abc", b"HTTP/1.1 100 C\r\n\r\n"),
]


@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=8).map(b"".join),
    st.lists(st.integers(1, 30), max_size=20),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_cut_makes_no_difference_and_nothing_is_raised(
    data: bytes, sizes: list[int], closed: bool
) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    ways = [
        [data],
        [piece for piece in [*pieces, data[at:]] if piece],
        [data[i : i + 1] for i in range(len(data))],
    ]
    if not data:
        return
    tolds = [receive(way, closed=closed) for way in ways]
    for told in tolds:
        assert told.body == tolds[0].body
        assert told.status == tolds[0].status
        assert told.whole == tolds[0].whole
        assert (told.lost is None) == (tolds[0].lost is None)
        _check_head(told)


def _check_head(told: Told) -> None:
    """Nothing in a head can begin a line of its own when it is written."""
    if told.head is not None:
        head = cast("ResponseHead", told.head)
        values = [head.reason, *(part for pair in head.headers for part in pair)]
        assert not any(byte in value for value in values for byte in (b"\r", b"\n", b"\x00"))


# Heads that are like the one before

LENGTHS = [
    b"3",
    b"03",
    b"0",
    b"4",
    b"10",
    b"",
    b"3 ",
    b" 3",
    b"+3",
    b"3, 3",
    b"3\r\nContent-Length: 3",
    b"9" * 20,
]


def one_after_another(answers: list[bytes], *, head_only: bool = False) -> Told:
    """Let a connection receive an answer to each of so many requests; return what was told of the last."""
    told = Told()
    recorder, line = Recorder(told), Line()
    upstream = Upstream(recorder, recorder, LIMITS)
    upstream.connection_made(line)
    for answer in answers:
        if line.dropped or told.lost is not None:
            break
        told = recorder.told = Told(head_only and answer is answers[-1])
        upstream.send(recorder, b"")
        recorder.released.clear()
        upstream.data_received(answer)
    told.reused = bool(recorder.released) and not line.dropped
    return told


def facts(told: Told) -> tuple[object, ...]:
    head = told.head
    known = None if head is None else (head.status, head.reason, head.lines(), head.fields, head.length)
    return known, told.body, told.whole, told.lost, told.reused


def with_length(value: bytes, more: bytes = b"") -> bytes:
    length = int(value) if value.strip().isdigit() and len(value) < 5 else 3
    head = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: %b\r\nX-A: 3\r\n\r\n" % value
    return head + b"x" * length + more


@pytest.mark.parametrize("head_only", [False, True])
@pytest.mark.parametrize("more", [b"", b"y", with_length(b"3")], ids=["whole", "surplus", "two"])
@pytest.mark.parametrize("second", LENGTHS)
@pytest.mark.parametrize("first", LENGTHS)
def test_an_answer_like_the_last_one_is_told_like_a_new_one(
    first: bytes, second: bytes, more: bytes, *, head_only: bool
) -> None:
    if one_after_another([with_length(first)]).reused:
        alone = one_after_another([with_length(second, more)], head_only=head_only)
        again = one_after_another([with_length(first), with_length(second, more)], head_only=head_only)
        assert facts(again) == facts(alone)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_answer_makes_a_difference_to_the_next(data: st.DataObject) -> None:
    first = with_length(b"30")
    head_bytes = first.index(b"\r\n\r\n") + 4
    second = bytearray(first)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, head_bytes - 1))
        piece = data.draw(st.sampled_from([b"", b"0", b"1", b"3", b" ", b"\r", b"\n", b"\r\n", b"x", b","]))
        second[at : at + data.draw(st.integers(0, 1))] = piece
    again = one_after_another([first, first, bytes(second)])
    assert facts(again) == facts(one_after_another([bytes(second)]))


def test_a_date_that_moves_on_is_passed_on() -> None:
    def dated(second: int) -> bytes:
        return lines(b"Date: Tue, 24 Nov 2026 10:00:%02d GMT" % second, b"Content-Length: 2") + b"ok"

    for second in (1, 1, 2, 2):
        told = one_after_another([dated(1), dated(1), dated(second)])
        assert told.head.lines().endswith(b"10:00:%02d GMT\r\n" % second)


def test_a_head_is_remembered_also_after_many_that_never_came_again() -> None:
    answers = [lines(b"X-Id: %d" % number, b"Content-Length: 2") + b"ok" for number in range(40)]
    alike = [lines(b"Server: a", b"Content-Length: %d" % size) + b"x" * size for size in range(1, 40)]
    for last in (1, 20, 39):
        told = one_after_another([*answers, *alike[:last]])
        assert facts(told) == facts(one_after_another([alike[last - 1]]))
