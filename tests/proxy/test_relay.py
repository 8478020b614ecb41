"""One response on its way: what is held, what is sent, and what ends it. Without sockets."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.proxy.test_failures import ROLE, TEXT

from nightshift.proxy.answer import Answer
from nightshift.proxy.errors import upstream_lost
from nightshift.proxy.relay import Relay
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.response_head import ResponseHead
from nightshift.proxy.seen.outcome import Outcome

ERROR = b'data: {"error": {"message": "dead"}}\n\n'
STREAM = {b"content-type": b"text/event-stream"}


class Written:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class Heard:
    """An owner that notes what it is told."""

    def __init__(self, *, replaceable: bool = False) -> None:
        self.replaceable = replaceable
        self.told: list[str] = []

    def may_be_replaced(self, head: ResponseHead) -> bool:
        return self.replaceable

    def begins(self, head: ResponseHead) -> bytes:
        self.told.append("begins")
        return b""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.told.append(name)


def relay(owner: Heard) -> tuple[Relay, Written]:
    written: Any = Written()
    request = HttpRequest("POST", b"/", "/", http11=True, keep_alive=True, headers=[], fields={})
    outcome = Outcome("id", "POST", "/", 0.0)
    return Relay(owner, Answer(written, request), 200, outcome, None), written


def head(status: int = 200, fields: dict[bytes, bytes] | None = None) -> ResponseHead:
    fields = STREAM if fields is None else fields
    return ResponseHead(status, b"OK", list(fields.items()), fields, fields.get(b"content-length"))


def test_a_stream_is_held_until_its_first_content() -> None:
    owner = Heard()
    it, written = relay(owner)
    it.response_head(head())
    it.response_body(ROLE)
    assert (owner.told, written.data) == ([], b"")
    it.response_body(TEXT)
    assert owner.told == ["begins"]
    assert ROLE + TEXT in written.data
    it.response_body(TEXT)
    it.response_complete()
    assert owner.told == ["begins", "whole"]
    assert written.data.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(("before", "told"), [(b"", "lost"), (ROLE, "lost"), (TEXT, "broken")])
def test_a_loss_before_the_first_content_is_another_targets(before: bytes, told: str) -> None:
    owner = Heard()
    it, _ = relay(owner)
    it.response_head(head())
    if before:
        it.response_body(before)
    it.response_lost("reset")
    assert owner.told[-1] == told


def test_an_error_ahead_of_all_content_wants_another_and_can_be_passed_on() -> None:
    owner = Heard()
    it, written = relay(owner)
    it.response_head(head())
    it.response_body(ROLE + ERROR)
    assert (owner.told, written.data) == (["wants_another"], b"")
    it.pass_on()
    assert owner.told == ["wants_another", "begins", "whole"]
    assert ERROR in written.data


def test_a_failure_is_held_whole_and_asked_about() -> None:
    owner = Heard(replaceable=True)
    it, written = relay(owner)
    it.response_head(head(500, {b"content-length": b"4"}))
    it.response_body(b"oops")
    it.response_complete()
    assert (owner.told, written.data) == (["wants_another"], b"")


def test_a_failure_without_end_is_a_loss() -> None:
    owner = Heard(replaceable=True)
    it, _ = relay(owner)
    it.response_head(head(500, {}))
    it.response_body(b"x" * 201)
    assert owner.told == ["lost"]


@pytest.mark.parametrize(("length", "held"), [(b"10", True), (b"200", True), (b"201", False), (None, False)])
def test_small_answers_are_held_until_they_are_whole(length: bytes | None, held: bool) -> None:
    owner = Heard()
    it, _ = relay(owner)
    it.response_head(head(200, {} if length is None else {b"content-length": length}))
    it.response_body(b"x")
    assert (it.held is not None) is held


def test_a_stream_that_is_cut_ends_with_an_event_of_its_own() -> None:
    it, written = relay(Heard())
    it.response_head(head())
    it.response_body(TEXT + b'data: {"cut')
    it.show(upstream_lost("gone"))
    chunk = written.data.split(b"\r\n")[-2]
    assert chunk.startswith(b"\n\ndata: ")
    assert orjson.loads(chunk[8:])["error"]["code"] == "upstream_lost"


@pytest.mark.parametrize(("last", "all_"), [(TEXT, False), (b"data: [DONE]\n\n", True)])
def test_the_last_event_says_that_all_is_said(last: bytes, all_: bool) -> None:
    it, _ = relay(Heard())
    it.response_head(head())
    it.response_body(TEXT)
    it.response_body(last)
    assert it.said_all is all_


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def test_a_chunk_goes_on_as_it_came_once_the_answer_has_begun() -> None:
    it, written = relay(Heard())
    it.response_head(head())
    it.response_chunk(chunk(ROLE), 4)
    assert written.data == b""
    it.response_chunk(chunk(TEXT), 4)
    assert written.data.endswith(chunk(ROLE + TEXT))
    it.response_chunk(chunk(b"data: [DONE]\n\n"), 3)
    assert written.data.endswith(chunk(b"data: [DONE]\n\n"))
    assert it.said_all
    it.response_complete()
    assert written.data.endswith(b"0\r\n\r\n")


def test_a_chunk_that_is_answered_with_a_length_loses_its_frame() -> None:
    it, written = relay(Heard())
    it.response_head(head(200, {b"content-length": b"300"}))
    it.response_chunk(b"3\r\nabc\r\n", 3)
    assert written.data.endswith(b"\r\n\r\nabc")


def test_bytes_are_counted_without_their_frame() -> None:
    it, _ = relay(Heard())
    it.response_head(head())
    it.response_body(TEXT)
    it.response_chunk(chunk(b"data: 1\n\n"), 3)
    assert it._outcome.response_bytes == len(TEXT) + 9
