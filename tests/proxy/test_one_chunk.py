"""A block that is one whole chunk in the one spelling that is looked for, and everything that nearly is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.one_chunk import start_of_body


@pytest.mark.parametrize("size", [1, 9, 15, 16, 17, 255, 256, 257, 4_000, 4_095])
def test_a_whole_chunk_is_seen_at_every_number_of_digits(size: int) -> None:
    body = b"x" * size
    block = b"%x\r\n%b\r\n" % (size, body)
    start = start_of_body(block)
    assert block[start:-2] == body
    assert block[:start] == b"%x\r\n" % size


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\r\n",
        b"0\r\n\r\n",
        b"1\r\n\r\n",
        b"5\r\nhello",
        b"5\r\nhello\r",
        b"5\r\nhell\r\n",
        b"5\r\nhello!\r\n",
        b"05\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"5;a=b\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello\n\n",
        b"0f\r\n" + b"x" * 15 + b"\r\n",
        b"A\r\n" + b"x" * 10 + b"\r\n",
        b"1000\r\n" + b"x" * 4_096 + b"\r\n",
        b"1\r\na\r\n1\r\nb\r\n",
    ],
)
def test_what_nearly_is_one_is_the_parsers(block: bytes) -> None:
    assert start_of_body(block) == 0


@given(st.binary(max_size=40) | st.binary(max_size=6).map(lambda tail: b"8\r\n12345678" + tail))
def test_nothing_is_taken_for_a_chunk_that_is_not_spelled_as_one(block: bytes) -> None:
    start = start_of_body(block)
    assert not start or block == b"%x\r\n%b\r\n" % (len(block[start:-2]), block[start:-2])
