"""From a request to its key, its charge and the settlement."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from nightshift.proxy.access.gate import Entry, Gate
from nightshift.proxy.access.key_files import digest_of
from nightshift.proxy.access.settings import KeySettings
from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest

KEY = "ns-" + "a" * 43


def gate(*, passes: bool = False, **limits: Any) -> Gate:
    return Gate([settings(**limits)], passes_authorization=passes, today=lambda: datetime.now(UTC))


def settings(**limits: Any) -> KeySettings:
    return KeySettings(id="alice", sha256=digest_of(KEY), **limits)


def request(key: str = KEY) -> HttpRequest:
    headers = [
        (b"authorization", f"Bearer {key}".encode()),
        (b"accept-encoding", b"br"),
        (b"user-agent", b"x"),
        (b"accept-encoding", b"gzip"),
    ]
    return HttpRequest("POST", b"/", "/", http11=True, keep_alive=True, headers=headers, fields=dict(headers))


def enter(at: Gate, now: float = 0.0, model: str = "m", prompt_bytes: int = 396) -> Entry | None:
    """A prompt of 100 tokens, unless said otherwise."""
    return at.admit(now, at.authenticate(request()), model, prompt_bytes)


def entered(at: Gate, now: float = 0.0, prompt_bytes: int = 396) -> Entry:
    entry = enter(at, now, prompt_bytes=prompt_bytes)
    assert entry is not None
    return entry


def refused(at: Gate, now: float = 0.0, model: str = "m") -> ApiError:
    with pytest.raises(ApiError) as error:
        enter(at, now, model)
    return error.value


def test_an_open_gate_asks_nothing() -> None:
    for passes, left in ((True, 4), (False, 3)):
        opened = Gate(None, passes_authorization=passes, today=lambda: datetime.now(UTC))
        asked = request("anything")
        assert opened.is_open
        assert opened.authenticate(asked) is None
        assert opened.admit(0.0, None, "m", 10**9) is None
        assert len(asked.headers) == left


def test_no_keys_are_not_an_open_gate() -> None:
    shut = Gate([], passes_authorization=False, today=lambda: datetime.now(UTC))
    with pytest.raises(ApiError):
        shut.authenticate(request())


@pytest.mark.parametrize("passes", [False, True])
def test_the_key_goes_on_to_the_engine_only_if_told_to(passes: bool) -> None:
    asked = request()
    gate(passes=passes).authenticate(asked)
    assert (b"authorization" in [name for name, _ in asked.headers]) == passes
    assert (b"authorization" in asked.fields) == passes
    assert (b"user-agent", b"x") in asked.headers
    assert (b"accept-encoding", b"br") in asked.headers


def test_an_answer_that_must_be_counted_is_not_asked_for_in_compressed_form() -> None:
    asked = request()
    gate(tokens_per_minute=10).authenticate(asked)
    assert asked.headers == [(b"user-agent", b"x")]


def test_a_key_without_limits_counts_nothing() -> None:
    assert enter(gate()) is None


def test_models() -> None:
    some = gate(models=("a", "b:lora"))
    enter(some, model="b:lora")
    for model in ("c", "A", "b", "a "):
        error = refused(some, model=model)
        assert (error.status, error.code, error.type) == (403, "model_not_allowed", "permission_error")
        assert error.param == "model"
        assert repr(model) in error.message
    assert "names none" in refused(some, model="").message
    assert len(refused(some, model="x" * 10**6).message) < 300


def test_too_many_requests() -> None:
    few = gate(requests_per_minute=2)
    entry = entered(few)
    assert not entry.meters
    entered(few)
    error = refused(few)
    assert (error.status, error.code, error.type) == (429, "rate_limit_exceeded", "rate_limit_error")
    assert error.retry_after_s == 30
    assert error.lines() == (
        b"retry-after: 30\r\nx-ratelimit-limit-requests: 2\r\nx-ratelimit-remaining-requests: 0\r\n"
        b"x-ratelimit-reset-requests: 60000ms\r\n"
    )
    entered(few, 30.0)


def test_the_answers_headers_tell_where_the_key_stands() -> None:
    entry = entered(gate(requests_per_minute=60, tokens_per_minute=6_000))
    assert entry.lines(0.5) == (
        b"x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\n"
        b"x-ratelimit-reset-requests: 500ms\r\n"
        b"x-ratelimit-limit-tokens: 6000\r\nx-ratelimit-remaining-tokens: 5950\r\n"
        b"x-ratelimit-reset-tokens: 500ms\r\n"
    )


def remaining(entry: Entry, now: float = 0.0) -> int:
    line = next(
        line for line in entry.lines(now).split(b"\r\n") if line.startswith(b"x-ratelimit-remaining-t")
    )
    return int(line.split()[1])


def test_an_answer_is_settled_with_what_the_engine_reports() -> None:
    entry = entered(gate(tokens_per_minute=1_000))
    assert remaining(entry) == 900
    entry.block(orjson.dumps({"usage": {"prompt_tokens": 50, "completion_tokens": 200}}))
    entry.over(0.0, served=True)
    assert remaining(entry) == 750
    entry.over(0.0, served=True)  # once is enough
    entry.over(0.0, served=False)
    entry.block(b"late")
    assert remaining(entry) == 750


def test_a_stream_without_usage_is_settled_with_its_events() -> None:
    entry = entered(gate(tokens_per_minute=1_000))
    for _ in range(30):
        entry.block(b'data: {"choices": []}\n\n')
    entry.over(0.0, served=True)
    assert remaining(entry) == 870


def test_what_no_engine_saw_costs_no_tokens() -> None:
    entry = entered(gate(tokens_per_minute=1_000))
    entry.over(0.0, served=False)
    assert remaining(entry) == 1_000


def test_a_reload_keeps_what_was_charged_and_settles_what_is_under_way() -> None:
    at = gate(tokens_per_minute=1_000)
    entry = entered(at)
    at.change(0.0, [settings(tokens_per_minute=2_000)])
    assert remaining(entry) == 1_900
    entry.block(b'"usage":{"total_tokens":600}')
    entry.over(0.0, served=True)
    assert remaining(entered(at, prompt_bytes=396)) == 1_300
    at.change(0.0, [])
    with pytest.raises(ApiError):
        at.authenticate(request())
    at.change(0.0, None)
    assert at.is_open
