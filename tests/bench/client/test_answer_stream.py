"""Invariant: however the bytes are cut, the answer is the same; what makes no sense is `StreamError`."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.client.answer_stream import AnswerStream, StreamError, error_text


def event(content: str | None = None, finish: str | None = None, **more: object) -> bytes:
    delta = {} if content is None else {"content": content}
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
WHOLE = (
    b": a comment\n\n"
    + event("")
    + event("Good ")
    + event("morning, ")
    + event("Zoë\n")
    + event(None, "stop")
    + b"data: "
    + orjson.dumps({"choices": [], "usage": USAGE})
    + b"\n\ndata: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(WHOLE))))
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    stream = AnswerStream()
    borders = [0, *sorted(cuts), len(WHOLE)]
    for start, end in pairwise(borders):
        stream.feed(WHOLE[start:end], 1.0)
    assert stream.text == "Good morning, Zoë\n"
    assert (stream.pieces, stream.finished_at, stream.done_at) == (3, 1.0, 1.0)
    assert (stream.input_tokens, stream.output_tokens, stream.cached_tokens) == (12, 3, 8)


def test_the_first_content_is_the_first_that_is_not_empty() -> None:
    stream = AnswerStream()
    stream.feed(b'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n', 1.0)
    stream.feed(event(""), 2.0)
    assert stream.first_content_at is None
    stream.feed(event("a"), 3.0)
    stream.feed(event("b"), 4.0)
    assert stream.first_content_at == 3.0


def test_gaps_between_pieces() -> None:
    stream = AnswerStream()
    stream.feed(event("a"), 1.0)
    assert (stream.mean_gap, stream.longest_gap) == (None, None)
    stream.feed(event("b"), 2.0)
    stream.feed(event("c") + event("d"), 5.0)
    assert stream.mean_gap == pytest.approx(4 / 3)
    assert stream.longest_gap == 3.0
    assert stream.gaps == pytest.approx([1.0, 3.0, 0.0])


def test_lines_may_end_as_in_dos_and_lack_the_space() -> None:
    stream = AnswerStream()
    stream.feed(event("a", "stop").replace(b"data: ", b"data:").replace(b"\n", b"\r\n"), 1.0)
    stream.feed(b"data:[DONE]\r\n\r\n", 2.0)
    assert (stream.text, stream.finished_at, stream.done_at) == ("a", 1.0, 2.0)


def test_tokens_are_counted_where_no_usage_came() -> None:
    stream = AnswerStream()
    stream.feed(event("a") + event("b"), 1.0)
    assert (stream.input_tokens, stream.output_tokens, stream.cached_tokens) == (None, 2, None)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"data: {oops\n\n", "not JSON"),
        (b'data: {"error": {"message": "out of memory", "code": 500}}\n\n', "out of memory"),
        (b'event: error\ndata: {"message": "broken"}\n\n', "broken"),
        (b"data: [1, 2]\n\n", "error in the stream"),
        (b'data: {"choices": [1]}\n\n', "not a chat completion's chunk"),
        (b'data: {"choices": 7}\n\n', "not a chat completion's chunk"),
    ],
)
def test_what_is_no_answer_is_an_error(sent: bytes, message: str) -> None:
    with pytest.raises(StreamError, match=message):
        AnswerStream().feed(sent, 1.0)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    stream = AnswerStream()
    try:
        stream.feed(b"data: " + noise + b"\n\n", 1.0)
    except StreamError:
        return
    assert stream.pieces >= 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "too long", "code": "x"}}, "too long"),
        ({"error": "plain"}, "plain"),
        ({"detail": "other"}, "{'detail': 'other'}"),
        ("x" * 500, "x" * 200),
    ],
)
def test_error_text(body: object, expected: str) -> None:
    assert error_text(body) == expected
