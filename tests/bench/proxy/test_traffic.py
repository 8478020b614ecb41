"""The bytes are HTTP and JSON of the sizes that the cells say, and cold prompts never repeat."""

import itertools
import json

import httptools
import pytest

from nightshift.bench.proxy import traffic
from nightshift.bench.proxy.cells import ANSWER_BYTES, CELLS, HOT_PROMPTS, Cell

COLD, HOT = Cell("cold", cold=True), Cell("hot")


class Parsed:
    """One message, as a C parser reads it."""

    def __init__(self) -> None:
        self.body = b""
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def body_of(request: bytes) -> bytes:
    parsed = Parsed()
    httptools.HttpRequestParser(parsed).feed_data(request)
    assert parsed.complete
    return parsed.body


def prompt_of(request: bytes) -> str:
    content = json.loads(body_of(request))["messages"][0]["content"]
    assert isinstance(content, str)
    return content


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_request_has_the_size_of_its_cell(cell: Cell) -> None:
    body = body_of(next(traffic.requests(cell, 3)))
    assert len(body) == cell.prompt_bytes
    assert json.loads(body).get("stream", False) is cell.stream
    assert any(spelling in body for spelling in traffic.STREAMED) is cell.stream


def test_hot_prompts_are_few_and_always_the_same() -> None:
    first, second = (list(itertools.islice(traffic.requests(HOT, salt), 50)) for salt in (0, 1))
    assert first == second
    assert len(set(first)) == HOT_PROMPTS


def test_cold_prompts_differ_from_their_first_bytes_on() -> None:
    prompts = [
        prompt_of(request)
        for salt in range(4)
        for request in itertools.islice(traffic.requests(COLD, salt), 300)
    ]
    assert len({prompt[:16] for prompt in prompts}) == len(prompts)
    assert len({prompt[:8] for prompt in prompts}) > 0.99 * len(prompts)


def test_the_same_salt_gives_the_same_prompts() -> None:
    one, other = (list(itertools.islice(traffic.requests(COLD, 9), 5)) for _ in range(2))
    assert one == other


def test_a_first_use_is_never_a_stream() -> None:
    assert b"stream" not in body_of(traffic.warming_request(Cell("s", stream=True)))


def test_the_answer() -> None:
    parsed = Parsed()
    httptools.HttpResponseParser(parsed).feed_data(traffic.answer())
    assert len(parsed.body) == ANSWER_BYTES
    assert json.loads(parsed.body)["choices"][0]["message"]["role"] == "assistant"


def test_a_stream_is_events_with_the_time_of_each() -> None:
    parsed = Parsed()
    stream = traffic.STREAM_HEAD + traffic.chunk(123) + traffic.chunk(456) + traffic.stream_end()
    httptools.HttpResponseParser(parsed).feed_data(stream)
    assert parsed.complete
    *events, done, rest = parsed.body.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    deltas = [json.loads(event.removeprefix(b"data: "))["choices"][0]["delta"] for event in events]
    assert deltas == [{"content": "t=123;"}, {"content": "t=456;"}, {}]
