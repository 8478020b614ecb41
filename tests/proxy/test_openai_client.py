"""The official client through a balancer: what it raises when a stream is cut, and what it reads when not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tests.proxy.conftest import Play, Running, World


def client_of(balancer: Running) -> AsyncOpenAI:
    from openai import AsyncOpenAI

    return AsyncOpenAI(base_url=f"http://{balancer.address}/v1", api_key="k", max_retries=0)


def delta(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def test_a_stream_of_words(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        async with client_of(await world.balancer(engine)) as client:
            answering = asyncio.create_task(engine.request())
            stream = asyncio.create_task(
                client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "hello"}], stream=True
                )
            )
            asked = await answering
            asked.begin_stream()
            for word in ("one ", "two ", "three"):
                asked.chunk(delta(word))
            asked.chunk(b"data: [DONE]\n\n")
            asked.end_stream()
            words = [chunk.choices[0].delta.content async for chunk in await stream]
        assert words == ["one ", "two ", "three"]

    play(scene)


def test_a_stream_that_dies_raises_what_happened(play: Play) -> None:
    async def scene(world: World) -> None:
        from openai import APIError

        engine = await world.engine()
        async with client_of(await world.balancer(engine)) as client:
            answering = asyncio.create_task(engine.request())
            create = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hello"}], stream=True
            )
            stream = asyncio.create_task(create)
            asked = await answering
            asked.begin_stream()
            asked.chunk(delta("one "))
            words = await stream
            first = await anext(words)
            asked.hang_up()
            with pytest.raises(APIError, match="went away while it answered"):
                await anext(words)
        assert first.choices[0].delta.content == "one "

    play(scene)


def test_a_wrong_request_is_its_bad_request_error(play: Play) -> None:
    async def scene(world: World) -> None:
        from openai import BadRequestError

        async with client_of(await world.balancer(await world.engine())) as client:
            with pytest.raises(BadRequestError, match="messages must be") as raised:
                await client.chat.completions.create(model="m", messages=[])
        assert raised.value.param == "messages"

    play(scene)


def test_leaving_a_stream_makes_the_engine_stop(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        async with client_of(balancer) as client:
            answering = asyncio.create_task(engine.request())
            create = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hello"}], stream=True
            )
            stream = asyncio.create_task(create)
            asked = await answering
            asked.begin_stream()
            asked.chunk(delta("one "))
            await (await stream).close()
            await asked.abandoned()
        await balancer.until(lambda s: s["in_progress"] == 0)

    play(scene)
