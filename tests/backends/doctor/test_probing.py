"""What `--probe` finds in answers, against engines that do each thing well and badly."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.backends.doctor.conftest import NOW, Scripted, by_name, examined, state

from nightshift.backends.doctor.checks import Findings, State
from nightshift.backends.doctor.examine import examine
from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.serve import serving
from nightshift.engine.profiles import PROFILES
from nightshift.processes import address_of, bind

GAUGES = b"vllm:num_requests_waiting 0\nvllm:num_requests_running %d\nvllm:kv_cache_usage_perc 0.1\n"
MODELS = (200, b'{"data": [{"id": "m", "owned_by": "vllm", "created": 1}]}')


def emulated(profile: str, **options: Any) -> Findings:
    async def main() -> Findings:
        engine = EngineOptions(PROFILES[profile], "emulated-model", replica_id="r1")
        sock = bind("127.0.0.1", 0)
        async with asyncio.timeout(60), serving(engine, sock):
            return await examine(address_of(sock), utc_now=lambda: NOW, nonce="n0nce", **options)

    return asyncio.run(main())


class Chat:
    """A scripted `/v1/chat/completions`."""

    def __init__(
        self,
        *,
        usage: Mapping[str, object] | None = None,
        last: bytes = b"data: [DONE]\n\n",
        content_type: str = "text/event-stream",
        end_at_close: bool = True,
        pace_s: float = 0.0,
    ) -> None:
        self.usage = (
            {"prompt_tokens": 150, "prompt_tokens_details": {"cached_tokens": 128}}
            if usage is None
            else usage
        )
        self.last, self.content_type = last, content_type
        self.end_at_close, self.pace_s = end_at_close, pace_s
        self.running = 0
        self.bodies: list[dict[str, Any]] = []

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=GAUGES % self.running)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        if not body.get("stream"):
            return web.json_response({"choices": [{}], "usage": self.usage})
        response = web.StreamResponse(headers={"content-type": self.content_type})
        await response.prepare(request)
        self.running += 1
        try:
            for _ in range(body["max_tokens"]):
                await response.write(b'data: {"choices": [{}]}\n\n')
                await asyncio.sleep(self.pace_s)
            await response.write(b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n' + self.last)
        except ConnectionResetError:
            pass
        finally:
            self.running -= self.end_at_close or body["max_tokens"] == 8
        return response

    def examined(self, **options: Any) -> Findings:
        pages = {"/v1/models": MODELS, "/metrics": self.metrics, "/v1/chat/completions": self.chat}
        return examined(Scripted(pages), nonce="n0nce", **options)


def test_the_emulated_engine_has_all() -> None:
    findings = emulated("l4-llama-3.1-8b")
    assert findings.ok
    assert findings.version == "emulated l4-llama-3.1-8b"
    found = {check.name: check.found for check in findings.checks}
    assert found["cached tokens"].endswith("at the second time")
    assert "[DONE], usage, chunked" in found["stream"]
    assert found["cancel"].startswith("stopped within")


def test_an_engine_too_fast_to_tell() -> None:
    assert state(emulated("instant"), "cancel") is State.OK


def test_the_prompt_is_new_each_time_and_the_model_is_the_first_or_the_one_named() -> None:
    chat = Chat()
    assert chat.examined().ok
    assert {body["model"] for body in chat.bodies} == {"m"}
    assert all(body["messages"][0]["content"].startswith("n0nce ") for body in chat.bodies)
    assert [body["max_tokens"] for body in chat.bodies] == [1, 1, 8, 512]
    named = Chat()
    named.examined(model="other")
    assert {body["model"] for body in named.bodies} == {"other"}


@pytest.mark.parametrize(
    ("usage", "state_of_answer", "found"),
    [
        ({"prompt_tokens": 150}, State.OK, "not reported"),
        ({"prompt_tokens": 150, "prompt_tokens_details": None}, State.OK, "not reported"),
        ({"prompt_tokens": 150, "prompt_tokens_details": {"cached_tokens": 0}}, State.OK, "none of"),
        ({}, State.WARN, "not reported"),
    ],
)
def test_cached_tokens_that_are_not_told(
    usage: dict[str, object],
    state_of_answer: State,
    found: str,
) -> None:
    findings = Chat(usage=usage).examined()
    cached = by_name(findings)["cached tokens"]
    assert (cached.state, state(findings, "answer")) == (State.WARN, state_of_answer)
    assert found in cached.found
    assert "--enable-prompt-tokens-details" in cached.advice


def test_a_stream_without_its_end() -> None:
    findings = Chat(last=b"").examined()
    assert by_name(findings)["stream"].found == "no [DONE]"
    assert findings.ok, "clients cope"


def test_no_stream_at_all() -> None:
    findings = Chat(content_type="text/html").examined()
    assert state(findings, "stream") is State.MISSING
    assert not findings.ok


def test_an_engine_that_goes_on_for_nobody() -> None:
    findings = Chat(pace_s=0.01, end_at_close=False).examined()
    assert state(findings, "cancel") is State.WARN
    assert state(Chat(pace_s=0.01).examined(), "cancel") is State.OK


def test_a_model_that_is_not_served() -> None:
    pages = {"/v1/models": MODELS, "/v1/chat/completions": (404, b'{"error": {"message": "no such model"}}')}
    answer = by_name(examined(Scripted(pages), nonce="n"))["answer"]
    assert answer.state is State.MISSING
    assert "no such model" in answer.found
    assert "--model" in answer.advice


def test_no_model_to_ask() -> None:
    answer = by_name(examined(Scripted({"/v1/models": (404, b"{}")}), nonce="n"))["answer"]
    assert (answer.state, answer.advice) == (State.MISSING, "name one with --model")
