"""Chunks that go past the parser: which do, and that it makes no difference to what is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.proxy.test_upstream import CHUNKED, receive

LAST = b"0\r\n\r\n"


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def test_chunks_that_come_by_themselves_go_past_the_parser() -> None:
    told = receive([CHUNKED + chunk(b"one"), chunk(b"two"), chunk(b"three"), LAST])
    assert (told.body, told.passed, told.whole, told.reused) == (b"onetwothree", 2, True, True)


@pytest.mark.parametrize("first", [CHUNKED, CHUNKED + b"3", CHUNKED + b"3\r\n", CHUNKED + b"3\r\non"])
def test_none_does_before_the_parser_has_read_to_the_end_of_one(first: bytes) -> None:
    rest = (CHUNKED + chunk(b"one"))[len(first) :]
    told = receive([first, rest, chunk(b"two"), LAST])
    assert (told.body, told.passed, told.whole) == (b"onetwo", 1, True)


@pytest.mark.parametrize("begun", [b"2", b"2\r", b"2\r\n", b"2;a", b"2\r\nx", b"2\r\nxy", b"2\r\nxy\r"])
def test_none_does_amid_another(begun: bytes) -> None:
    """What looks like a chunk is the inside of one, or is refused."""
    inside = chunk(b"z")
    alone = receive([CHUNKED + chunk(b"one") + begun + inside + LAST])
    told = receive([CHUNKED + chunk(b"one"), begun, inside, LAST])
    assert told.passed == 0
    assert (told.body, told.whole, told.lost is None) == (alone.body, alone.whole, alone.lost is None)


def test_the_inside_of_a_chunk_may_look_like_one() -> None:
    inside = chunk(b"x")
    told = receive([CHUNKED + chunk(b"one"), b"6\r\n", inside, b"\r\n", chunk(b"two"), LAST])
    assert (told.body, told.passed, told.whole) == (b"one" + inside + b"two", 1, True)


def test_the_next_response_begins_with_its_head() -> None:
    told = receive([CHUNKED + chunk(b"one"), chunk(b"two"), LAST, chunk(b"three")])
    assert (told.body, told.whole, told.reused) == (b"onetwo", True, False)


@pytest.mark.parametrize("wrong", [b"3\r\nabcd\r\n", b"x\r\nabc\r\n", b"3\nabc\r\n", b"-3\r\nabc\r\n"])
def test_a_chunk_that_is_none_is_a_loss(wrong: bytes) -> None:
    told = receive([CHUNKED + chunk(b"one"), chunk(b"two"), wrong, LAST])
    assert told.body.startswith(b"onetwo")
    assert told.lost
    assert not told.whole


PIECES = [
    *(chunk(b"a"), chunk(b"b" * 15), chunk(b"c" * 16), chunk(b"d" * 300), chunk(b"1\r\nx\r\n")),
    *(b"1;x=y\r\ne\r\n", b"01\r\nf\r\n", b"A\r\n" + b"g" * 10 + b"\r\n", b"1", b"\r\n", b"\n", b"h", LAST),
]


@given(st.lists(st.sampled_from(PIECES), max_size=10), st.sets(st.integers(0, 9)))
@settings(max_examples=300, deadline=None)
def test_the_cut_between_chunks_makes_no_difference(pieces: list[bytes], joined: set[int]) -> None:
    blocks = [CHUNKED]
    for number, piece in enumerate(pieces):
        if number in joined:
            blocks[-1] += piece
        else:
            blocks.append(piece)
    told, alone = receive(blocks, closed=True), receive([b"".join(blocks)], closed=True)
    assert (told.whole, told.lost is None) == (alone.whole, alone.lost is None)
    assert told.body == alone.body
