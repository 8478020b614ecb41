"""The count is found at the end of any answer, however it is cut into blocks."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.access.usage import TAIL_BYTES, UsageMeter, reported_tokens

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 7,
    "total_tokens": 27,
    "prompt_tokens_details": {"cached": 3},
}


def event(value: object) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)


def stream(words: list[str], usage: object) -> list[bytes]:
    events = [event({"choices": [{"delta": {"content": word}}], "usage": None}) for word in words]
    last = [] if usage is None else [event({"choices": [], "usage": usage})]
    return [*events, *last, b"data: [DONE]\n\n"]


def metered(blocks: list[bytes]) -> UsageMeter:
    meter = UsageMeter()
    for block in blocks:
        meter.block(block)
    return meter


@given(
    st.lists(st.text(), max_size=20),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_the_usage_of_a_stream_is_found_in_any_blocks(words: list[str], total: int, sizes: list[int]) -> None:
    raw = b"".join(stream(words, {"total_tokens": total + 100}))
    blocks, position, turn = [], 0, 0
    while position < len(raw):
        size = sizes[turn % len(sizes)]
        blocks.append(raw[position : position + size])
        position, turn = position + size, turn + 1
    assert metered(blocks).tokens(5) == total + 100


@given(st.text())
def test_the_words_of_a_model_are_no_usage(text: str) -> None:
    words = f'"usage":{{"total_tokens":0}}{text}\ndata: "usage": {{"total_tokens": 1}}'
    raw = orjson.dumps({"choices": [{"message": {"content": words}}], "usage": USAGE})
    assert reported_tokens(raw) == 27
    assert reported_tokens(event({"choices": [{"delta": {"content": words}}]})) is None
    assert metered(stream([words, words], None)).events == 3


@pytest.mark.parametrize(
    ("raw", "total"),
    [
        (b'{"id": "x", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}', 7),
        (b'{"usage" :\n {"total_tokens": 9, "prompt_tokens": 1}, "id": "x", "timings": {"n": 1}}', 9),
        (b'{"response":{"usage":{"input_tokens":5,"output_tokens":6}}}', 11),
        (b'{"usage":{"prompt_tokens":8}}', 8),
        (b'{"usage":{"total_tokens":4},"metadata":{"usage":{}}}', 4),
        (b'{"usage":{"total_tokens":4}} {"usage":{"total_tokens":', 4),
        (b'{"usage":null}', None),
        (b'{"usage":{"total_tokens":-1}}', None),
        (b'{"usage":{"total_tokens":1e300}}', None),
        (b'{"usage":{"total_tokens":10000000000}}', None),
        (b'{"usage":{"total_tokens":true}}', None),
        (b'{"usage":{"total_tokens":"5"}}', None),
        (b'"usage":' + b'{"usage":' * 2_000, None),
        (b'\xff\xfe"usage":{"total_tokens":5}', 5),
        (b"", None),
    ],
)
def test_what_engines_write(raw: bytes, total: int | None) -> None:
    assert reported_tokens(raw) == total


@given(st.binary(max_size=200))
def test_garbage_is_no_error(raw: bytes) -> None:
    reported_tokens(raw)
    reported_tokens(b'"usage":{' + raw)


def test_without_usage_the_events_count() -> None:
    assert metered(stream(["a", "b", "c"], None)).tokens(10) == 14  # `[DONE]` counts as one


def test_a_usage_below_the_events_is_not_believed() -> None:
    assert metered(stream(["a"] * 50, {"total_tokens": 0})).tokens(10) == 52


def test_a_long_answer_is_not_kept() -> None:
    meter = metered([b"x" * 1_000_000] * 3 + [b"y" * 1_000] * 100)
    assert sum(len(block) for block in meter._tail) < 2 * TAIL_BYTES
    assert metered([b"x" * 1_000_000 + orjson.dumps({"usage": USAGE})]).tokens(1) == 27
