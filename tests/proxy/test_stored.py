"""The id of a stored response, read off the beginning of an answer, and what is told of whose it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.proxy.access.gate import Gate
from nightshift.proxy.access.key_files import digest_of
from nightshift.proxy.access.settings import KeySettings
from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.seen.outcome import Outcome
from nightshift.proxy.stored import MOST_BYTES, IdReader, WatchedEntry, owner_line, told_owner, top_level_id
from nightshift.proxy.surface import of_stored

ID = "resp_0123456789abcdef0123456789abcdef"
NESTED = {
    "metadata": {"id": "resp_of_another"},
    "instructions": 'say "id":"resp_x" {[',
    "output": [{"id": "msg_1"}],
}


def events(*values: object, end: bytes = b"\n") -> bytes:
    """As vLLM writes them, with their names."""
    lines = (b"event: x" + end + b"data: " + orjson.dumps(value) + end * 2 for value in values)
    return b"".join(lines)


def created(id_: str = ID) -> dict[str, Any]:
    return {"type": "response.created", "sequence_number": 0, "response": {**NESTED, "id": id_}}


def read(whole: bytes, at: int) -> list[str | None]:
    """What is found when the answer comes in pieces of this length, until there is nothing to look for."""
    reader, found = IdReader(), []
    for start in range(0, len(whole), at):
        if reader.over:
            break
        found.append(reader.feed(whole[start : start + at]))
    return [id_ for id_ in found if id_ is not None]


WHOLE = {
    "first": orjson.dumps({"id": ID, **NESTED}),
    "last": orjson.dumps({**NESTED, "id": ID}),
    "indented": b"\n " + orjson.dumps({**NESTED, "id": ID}, option=orjson.OPT_INDENT_2),
    "escaped": b'{"a\\"id":"x","id":"resp\\u005f1"}',
    "stream": events(created(), {"type": "response.output_text.delta", "delta": "a"}),
    "stream of CRLF": events(created(), created("resp_2"), end=b"\r\n"),
    "stream with a comment": b": hello\n\n" + events(created()),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("at", [1, 2, 7, 64, 10_000])
def test_it_is_found_wherever_the_blocks_are_cut(name: str, at: int) -> None:
    assert read(WHOLE[name], at) == ["resp_1" if name == "escaped" else ID]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"id": 7}',
        b'{"id": null, "output": []}',
        b'{"object":"response","metadata":{"id":"resp_x"}}',
        b'{"a":["id","resp_x"],"b":"id","c":{"id":"resp_x"}}',
        b'{"x":"\\"id\\":\\"resp_x\\","',
        b'{"id":"resp_not_ended',
        b'{"id":"\\ud800"}',
        b"plain text",
        events({"type": "error", "message": "no"}),
        events([1], {"response": 1}, {"response": {"id": 1}}),
        b"data: [DONE]\n\n",
    ],
)
def test_nothing_is_taken_for_it(answer: bytes) -> None:
    for at in (1, 1000):
        assert read(answer, at) == []


def test_it_is_not_looked_for_without_end() -> None:
    reader = IdReader()
    assert reader.feed(b'{"a":"' + b"x" * MOST_BYTES) is None
    assert reader.over


keys = st.text(alphabet='ab"\\:{}[],', max_size=6)
values = st.recursive(
    st.none() | st.integers(-9, 9) | keys | st.just("id"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.just("id"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(keys | st.just("id"), values, max_size=5), st.integers(0, 200))
def test_a_parser_of_json_finds_the_same(value: dict[str, object], cut: int) -> None:
    text, id_ = orjson.dumps(value), value.get("id")
    assert top_level_id(text) == (id_ if isinstance(id_, str) else None)
    assert top_level_id(text[:cut]) in (None, id_)  # of a part, the same or nothing


KEY = "ns-" + "k" * 43
USAGE = b'"usage":{"input_tokens":100,"output_tokens":200,"total_tokens":300}}'


def watched(
    *,
    status: int = 200,
    named: str | None = None,
    stores: bool = True,
    background: bool = False,
    charge: Callable[[str], bool] = lambda _: True,
) -> tuple[WatchedEntry, list[str]]:
    """The entry of a request, of 100 tokens, whose key may use 1,000 in a minute; and what it has noted."""
    key = KeySettings(id="alice", sha256=digest_of(KEY), tokens_per_minute=1000)
    gate = Gate([key], passes_authorization=False, today=lambda: datetime.now(UTC))
    shown = [(b"authorization", f"Bearer {KEY}".encode())]
    asked = HttpRequest("POST", b"/", "/", http11=True, keep_alive=True, headers=shown, fields=dict(shown))
    inner = gate.admit(0.0, gate.authenticate(asked), "m", 396)
    outcome, noted = Outcome("1", "POST", "/", 0.0), list[str]()
    outcome.status = status
    entry = WatchedEntry(
        inner,
        outcome,
        noted.append,
        named=named,
        stores=stores,
        fetches=not stores,
        background=background,
        charge=charge,
    )
    return entry, noted


def tokens_left(entry: WatchedEntry) -> int:
    (line,) = [line for line in entry.lines(0.0).split(b"\r\n") if line.startswith(b"x-ratelimit-remaining")]
    return int(line.partition(b": ")[2])


def test_what_is_stored_is_noted_once_and_the_key_is_charged() -> None:
    entry, noted = watched()
    for block in (WHOLE["stream"][:50], WHOLE["stream"][50:], WHOLE["stream"], USAGE):
        entry.block(block)
    assert tokens_left(entry) == 900
    entry.over(0.0, served=True)
    assert (noted, tokens_left(entry)) == ([ID], 700)


def test_an_answer_to_who_names_a_response_shows_that_it_is_there() -> None:
    entry, noted = watched(named="resp_before")
    entry.block(WHOLE["first"])
    assert noted == ["resp_before", ID]


def test_an_error_shows_nothing() -> None:
    entry, noted = watched(status=404, named="resp_before")
    entry.block(WHOLE["first"])
    assert noted == []


def test_reading_what_is_stored_is_not_charged_again() -> None:
    entry, noted = watched(named="resp_before", stores=False)
    entry.block(WHOLE["first"])
    entry.block(USAGE)
    entry.over(0.0, served=True)
    assert (noted, tokens_left(entry)) == (["resp_before"], 1000)


@pytest.mark.parametrize("cut", [1, 3, 20, 1000])
@pytest.mark.parametrize("first_time", [True, False])
@pytest.mark.parametrize(
    ("fetched", "left"),
    [
        (b'{"background": true,' + USAGE, 700),
        (b'{"usage":null,"background":true}', 1000),
        (b'{"background":false,' + USAGE, 1000),
        (b'{"text":"\\"background\\":true",' + USAGE, 1000),
    ],
)
def test_work_in_the_background_is_charged_when_it_is_fetched(
    fetched: bytes, left: int, first_time: bool, cut: int
) -> None:
    asked: list[str] = []

    def charge(id_: str) -> bool:
        asked.append(id_)
        return first_time

    entry, _ = watched(named=ID, stores=False, charge=charge)
    for start in range(0, len(fetched), cut):
        entry.block(fetched[start : start + cut])
    entry.over(0.0, served=True)
    assert tokens_left(entry) == (left if first_time else 1000)
    assert asked == ([ID] if left == 700 else [])  # one that is not done is charged later


def test_a_stream_of_work_in_the_background_is_charged_and_not_again_when_it_is_fetched() -> None:
    asked: list[str] = []

    def charge(id_: str) -> bool:
        asked.append(id_)
        return True

    entry, noted = watched(background=True, charge=charge)
    entry.block(WHOLE["stream"] + b'data: {"response":{"background":true,' + USAGE + b"}\n\n")
    entry.over(0.0, served=True)
    assert (noted, asked, tokens_left(entry)) == ([ID], [ID], 700)


@pytest.mark.parametrize("key", ["alice", "a b/ü\r\n,", "%41"])
def test_the_owner_crosses_as_a_header(key: str) -> None:
    name, _, value = owner_line(key).removesuffix(b"\r\n").partition(b": ")
    assert b"\r" not in value
    assert told_owner({name: value}) == key


def test_nobody_is_told_without_keys() -> None:
    assert owner_line("") == b""
    assert told_owner({}) is None


def asking(method: str, target: str, *, http11: bool = True) -> HttpRequest:
    path = target.partition("?")[0]
    return HttpRequest(method, target.encode(), path, http11=http11, keep_alive=True, headers=[], fields={})


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/v1/responses/resp_1", "/v1/responses/{response_id}"),
        ("DELETE", "/v1/responses/resp_1?x=1", "/v1/responses/{response_id}"),
        ("GET", "/v1/responses/resp_1/input_items", "/v1/responses/{response_id}/input_items"),
        ("POST", "/v1/responses/resp_1/cancel", "/v1/responses/{response_id}/cancel"),
    ],
)
def test_what_is_asked_of_a_stored_response(method: str, target: str, route: str) -> None:
    asked = of_stored(asking(method, target))
    assert asked.stored is not None
    assert (asked.stored.id, asked.stored.generates, asked.route) == ("resp_1", False, route)


@pytest.mark.parametrize(
    ("method", "target", "status", "allow"),
    [
        ("POST", "/v1/responses/resp_1", 405, "GET, DELETE"),
        ("GET", "/v1/responses/resp_1/cancel", 405, "POST"),
        ("DELETE", "/v1/responses/resp_1/input_items", 405, "GET"),
        ("GET", "/v1/responses/resp_1/", 404, None),
        ("GET", "/v1/responses/resp_1/others", 404, None),
        ("GET", "/v1/responses/resp_1/cancel/x", 404, None),
        ("POST", "/v1/responses//cancel", 404, None),
    ],
)
def test_what_is_not_there_to_be_asked(method: str, target: str, status: int, allow: str | None) -> None:
    with pytest.raises(ApiError) as raised:
        of_stored(asking(method, target))
    assert (raised.value.status, raised.value.allow) == (status, allow)


def test_a_stored_stream_needs_http11() -> None:
    target = "/v1/responses/resp_1?starting_after=3&stream=true"
    assert of_stored(asking("GET", target)).stream
    with pytest.raises(ApiError, match=r"HTTP/1\.1"):
        of_stored(asking("GET", target, http11=False))
