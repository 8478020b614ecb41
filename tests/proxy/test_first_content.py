"""Where an answer begins to say something."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.first_content import Said, StreamStart

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}'
TEXT = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hello"}}]}'


def chunk(**fields: object) -> bytes:
    return b"data: " + orjson.dumps(fields)


@pytest.mark.parametrize(
    "event",
    [
        ROLE,
        b": keep-alive",
        b"event: message",
        b"data:",
        chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": None, "tool_calls": []}}]),
        chunk(choices=[{"index": 0, "text": "", "finish_reason": None}]),
        chunk(choices=[]),
        chunk(type="response.created", response={"id": "r"}),
        chunk(type="response.in_progress", response={"id": "r"}),
    ],
)
def test_says_nothing(event: bytes) -> None:
    assert StreamStart().feed(event + b"\n\n") is Said.NOTHING


@pytest.mark.parametrize(
    "event",
    [
        TEXT,
        b"data: [DONE]",
        b"data: not json",
        b"data: 1",
        chunk(choices=[{"delta": {"reasoning_content": "Hm"}}]),
        chunk(choices=[{"delta": {"tool_calls": [{"index": 0}]}}]),
        chunk(choices=[{"delta": {"content": ""}, "finish_reason": "stop"}]),
        chunk(choices=[{"delta": {"content": ""}}, {"delta": {"content": "b"}}]),
        chunk(choices=[{"text": " a"}]),
        chunk(choices=["odd"]),
        chunk(type="response.output_text.delta", delta="Hel"),
        chunk(text="of an engine's own kind"),
        chunk(error={"message": "too long", "code": 400}),
    ],
)
def test_says_something(event: bytes) -> None:
    assert StreamStart().feed(event + b"\n\n") is Said.CONTENT


@pytest.mark.parametrize(
    "error", [{"message": "CUDA", "code": 500}, {"message": "dead"}, "dead", {"code": "server_error"}]
)
def test_an_error_of_the_engine_ahead_of_all_content_is_a_failure(error: object) -> None:
    start = StreamStart()
    assert start.feed(ROLE + b"\n\n") is Said.NOTHING
    assert start.feed(chunk(error=error) + b"\n\n") is Said.FAILURE


@given(cuts=st.lists(st.integers(0, 400), max_size=6), ending=st.sampled_from([b"\n", b"\r\n"]))
def test_content_is_found_wherever_the_blocks_are_cut(cuts: list[int], ending: bytes) -> None:
    silent = (ROLE + ending * 2 + b": x" + ending * 2) * 2
    start, at = StreamStart(), 0
    for cut in [*sorted(c for c in cuts if c < len(silent)), len(silent)]:
        assert start.feed(silent[at:cut]) is Said.NOTHING
        at = cut
    assert start.feed(TEXT) is Said.NOTHING, "the line is not whole yet"
    assert start.feed(ending) is Said.CONTENT
