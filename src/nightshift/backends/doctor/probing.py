"""The checks that generate (`--probe`): an answer, the prefix cache, a stream, and a client that leaves.

Four requests: twice the same prompt of some 150 tokens for one token, a stream of eight, and, if nothing else
runs, a stream of up to 512 that is left after a few. The prompt begins with a nonce, so that the first is
cold.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from nightshift.backends.adapters import MetricsError, adapter_named
from nightshift.backends.doctor.asking import Answer, Asking, EngineError
from nightshift.backends.doctor.checks import Check, State
from nightshift.backends.doctor.reading import Engine

CHAT_PATH = "/v1/chat/completions"
NAMES = ("answer", "cached tokens", "stream", "cancel")

_LONG_TOKENS = 512
_READ_EVENTS = 6
_WATCH_S = 5.0
_WATCH_EVERY_S = 0.1


def not_asked() -> list[Check]:
    """Return the checks for when nothing may be generated."""
    return [Check(name, State.NOT_ASKED, "generates", "give --probe") for name in NAMES]


async def probe_checks(ask: Asking, engine: Engine, model: str | None, nonce: str) -> list[Check]:
    """Generate a little, and look at it."""
    chosen = model or next(iter(engine.model_names), None)
    if chosen is None:
        return [Check("answer", State.MISSING, "no model is listed", "name one with --model")]
    prober = _Prober(ask, engine, chosen, nonce)
    first = await ask.post(CHAT_PATH, prober.request(max_tokens=1))
    if first.status != 200 or not first.json().get("choices"):
        advice = "name a model that it serves with --model" if first.status == 404 else "see the engine's log"
        found = f"{CHAT_PATH}: status {first.status}, {ask.quoted(first)}"
        return [Check("answer", State.MISSING, found, advice)]
    return [
        _answer(first),
        await prober.cached(),
        await prober.streams(),
        await prober.cancels(),
    ]


def _answer(first: Answer) -> Check:
    usage = _object(first.json().get("usage"))
    if isinstance(usage.get("prompt_tokens"), int):
        return Check("answer", State.OK, f"{usage['prompt_tokens']} tokens in, {first.first_byte_s:.2f} s")
    return Check("answer", State.WARN, "reports no usage", "tokens cannot be counted; see its documentation")


class _Prober:
    """What the probes have in common."""

    def __init__(self, ask: Asking, engine: Engine, model: str, nonce: str) -> None:
        self._ask = ask
        self._engine = engine
        self._model = model
        self._prompt = f"{nonce} " + "The keeper of the lighthouse counts the ships that pass. " * 12

    def request(self, **more: object) -> dict[str, object]:
        messages = [{"role": "user", "content": self._prompt}]
        return {"model": self._model, "messages": messages, "temperature": 0, **more}

    async def cached(self) -> Check:
        """Ask the same again, and see what the engine found in its cache."""
        again = (await self._ask.post(CHAT_PATH, self.request(max_tokens=1))).json()
        usage = _object(again.get("usage"))
        cached = _object(usage.get("prompt_tokens_details")).get("cached_tokens")
        advice = self._engine.knowledge.cached_on
        if not isinstance(cached, int):
            return Check("cached tokens", State.WARN, "not reported for a prompt asked twice", advice)
        if cached == 0:
            return Check("cached tokens", State.WARN, "none of a prompt asked twice", advice)
        return Check(
            "cached tokens", State.OK, f"{cached} of {usage.get('prompt_tokens')} at the second time"
        )

    async def streams(self) -> Check:
        """Stream a short answer."""
        options = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 8}
        async with self._ask.stream(CHAT_PATH, self.request(**options)) as response:
            if response.status != 200 or response.content_type != "text/event-stream":
                found = f"status {response.status}, {response.content_type}"
                return Check("stream", State.MISSING, found, "a stream should be text/event-stream")
            events = [event async for event in _events(response)]
            framed = response.headers.get("transfer-encoding", "").lower() == "chunked"
        amiss = []
        if not events or events[-1] != b"[DONE]":
            amiss.append("no [DONE]")
        if not framed:
            amiss.append("not chunked, so a lost stream looks like a finished one")
        if not any(b'"usage":{' in event.replace(b" ", b"") for event in events):
            amiss.append("no usage with stream_options.include_usage")
        if amiss:
            return Check(
                "stream", State.WARN, "; ".join(amiss), "update the engine, or look at what is before it"
            )
        return Check("stream", State.OK, f"{len(events)} events, [DONE], usage, chunked")

    async def cancels(self) -> Check:
        """Leave amid a stream, and watch the running requests go back to none."""
        if await self._running() != 0:
            return Check("cancel", State.OK, "cannot be told: others are served, or the gauge is missing")
        clock, asked = self._ask.clock, self.request(stream=True, max_tokens=_LONG_TOKENS, ignore_eos=True)
        async with self._ask.stream(CHAT_PATH, asked) as response:
            begun, read = 0.0, 0
            async for _ in _events(response):
                begun, read = begun or clock(), read + 1
                if read == _READ_EVENTS:
                    break
            left = clock()
            response.close()
        whole_s = (left - begun) / max(1, read - 1) * (_LONG_TOKENS - read)
        while clock() - left < min(_WATCH_S, whole_s / 2):
            if await self._running() == 0:
                return Check("cancel", State.OK, f"stopped within {clock() - left:.1f} s of a client leaving")
            await asyncio.sleep(_WATCH_EVERY_S)
        if whole_s < 1.0:
            return Check("cancel", State.OK, "cannot be told: it answers too fast")
        advice = "an abandoned request may hold its place; see that a proxy before it passes the cut on"
        return Check(
            "cancel", State.WARN, f"still running {clock() - left:.1f} s after the client left", advice
        )

    async def _running(self) -> int | None:
        page = await self._ask.get(self._engine.metrics_path)
        try:
            return adapter_named(self._engine.name or "auto").read(page.body).running
        except MetricsError:
            return None


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the data of each event. Raises `EngineError` for a line without end."""
    try:
        async for line in response.content:
            if line.startswith(b"data:"):
                yield line[5:].strip()
    except ValueError as error:  # aiohttp's limit on a line
        raise EngineError(f"a stream of the engine's has no lines ({error})") from error


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    return value if isinstance(value, dict) else {}
