"""Asks a real engine the probes, and listens to when each piece of each answer comes."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import aiohttp
import orjson

from nightshift.bench.client.answer_stream import AnswerStream, StreamError
from nightshift.bench.trust.probes import Heard, Probe, model_tokens, prompt_text
from nightshift.errors import UserError

_PATIENCE_S = 300.0


async def ask_all(
    session: aiohttp.ClientSession,
    base_url: str,
    model: str,
    probes: Sequence[Probe],
    *,
    rng: Random,
    done: Callable[[int], None] = lambda number: None,
) -> list[list[Heard]]:
    """Ask one probe after another; `done` is told how many have been.

    Raises `UserError` for one that is not answered.
    """
    rounds = []
    for number, probe in enumerate(probes, start=1):
        texts = [prompt_text(rng, probe.prompt_tokens) for _ in range(probe.streams)]
        asked = [_ask(session, base_url, model, text, probe.answer_tokens) for text in texts]
        rounds.append(await asyncio.gather(*asked))
        done(number)
    return rounds


async def _ask(session: aiohttp.ClientSession, base_url: str, model: str, text: str, tokens: int) -> Heard:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    clock = asyncio.get_running_loop().time
    stream, pieces = AnswerStream(), []
    sent = clock()
    try:
        async with (
            asyncio.timeout(_PATIENCE_S),
            session.post(
                f"{base_url}/v1/chat/completions",
                data=orjson.dumps(body),
                headers={"content-type": "application/json"},
            ) as response,
        ):
            if response.status >= 300:
                raise UserError(f"{base_url}: HTTP {response.status}: {(await response.text())[:200]}")
            async for data in response.content.iter_any():
                before, now = stream.pieces, clock()
                stream.feed(data, now)
                pieces += [now] * (stream.pieces - before)
    except (aiohttp.ClientError, OSError, StreamError, TimeoutError) as error:
        raise UserError(f"{base_url} did not answer a probe: {type(error).__name__} {error}") from error
    if len(pieces) < 2:
        raise UserError(f"{base_url} answered a probe with {len(pieces)} pieces of content; does it stream?")
    return Heard(
        prompt_tokens=model_tokens([("user", text)]),
        told_prompt_tokens=stream.input_tokens,
        cached_tokens=stream.cached_tokens,
        sent=sent,
        pieces=tuple(pieces),
        tokens=stream.output_tokens,
    )
