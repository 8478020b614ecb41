"""The official client goes on from stored responses through balancers, over emulated engines that store."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.serve import serving
from nightshift.engine.profiles import PROFILES
from nightshift.processes import address_of, bind
from nightshift.proxy.access.key_files import digest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from openai import AsyncOpenAI
    from tests.proxy.conftest import Play, Running, World

MODEL, SLOW = "emulated-model", "l4-llama-3.1-8b"
ALICE, BOB = "ns-" + "a" * 43, "ns-" + "b" * 43
KEYS = [{"id": "alice", "sha256": digest_of(ALICE)}, {"id": "bob", "sha256": digest_of(BOB)}]
LONG: dict[str, Any] = {"extra_body": {"min_tokens": 4000, "ignore_eos": True}, "max_output_tokens": 4000}


def client_of(balancer: Running, key: str = ALICE) -> AsyncOpenAI:
    from openai import AsyncOpenAI

    return AsyncOpenAI(base_url=f"http://{balancer.address}/v1", api_key=key, max_retries=0)


@asynccontextmanager
async def emulated(count: int, profile: str = "instant") -> AsyncIterator[list[dict[str, str]]]:
    """Engines as replicas in the settings of a balancer."""
    async with AsyncExitStack() as stack:
        replicas = []
        for number in range(count):
            sock = bind("127.0.0.1", 0)
            id_ = f"r{number}"
            await stack.enter_async_context(
                serving(EngineOptions(PROFILES[profile], MODEL, replica_id=id_), sock)
            )
            replicas.append({"id": id_, "address": address_of(sock)})
        yield replicas


async def balancer_over(world: World, replicas: list[dict[str, str]], **settings: Any) -> Running:
    balancer = await world.balancer(**settings)
    balancer.server.change({"replicas": replicas})
    await world.heard_from(balancer, len(replicas))
    return balancer


def test_a_conversation_that_is_stored(play: Play) -> None:
    async def scene(world: World) -> None:
        from openai import NotFoundError

        async with emulated(3) as replicas:
            balancer = await balancer_over(world, replicas)
            async with client_of(balancer) as client:
                for n in range(6):
                    first = await client.responses.create(model=MODEL, input=f"conversation {n}")
                    second = await client.responses.create(
                        model=MODEL, input="and then?", previous_response_id=first.id
                    )
                    stream = await client.responses.create(
                        model=MODEL, input="and then?", previous_response_id=second.id, stream=True
                    )
                    events: list[Any] = [event async for event in stream]
                    third = await client.responses.retrieve(events[0].response.id)
                    assert third.previous_response_id == second.id
                    assert third.output_text == events[-1].response.output_text
                    items = [item async for item in client.responses.input_items.list(first.id)]
                    assert len(items) == 1
                    await client.responses.delete(first.id)
                    with pytest.raises(NotFoundError, match="not found"):
                        await client.responses.retrieve(first.id)

    play(scene)


def test_work_in_the_background_is_fetched_and_cancelled(play: Play) -> None:
    async def scene(world: World) -> None:
        async with emulated(3, SLOW) as replicas:
            balancer = await balancer_over(world, replicas)
            async with client_of(balancer) as client:
                made = [
                    await client.responses.create(model=MODEL, input=f"{n}", background=True, **LONG)
                    for n in range(3)
                ]
                for response in made:
                    assert (await client.responses.retrieve(response.id)).status == "in_progress"
                    assert (await client.responses.cancel(response.id)).status == "cancelled"
                    assert (await client.responses.retrieve(response.id)).status == "cancelled"

    play(scene)


def test_three_balancers_behind_one_name(play: Play) -> None:
    """A client may meet another balancer each time, and other clients get nothing of it."""

    async def scene(world: World) -> None:
        from openai import NotFoundError

        async with emulated(4) as replicas:
            balancers = [await world.balancer(name=name, keys=KEYS) for name in ("a", "b", "c")]
            for number, balancer in enumerate(balancers):
                own = replicas[:2] if number == 0 else replicas[number + 1 : number + 2]
                peers = [
                    {"id": peer.server.dispatcher.balancer.name, "address": peer.address}
                    for peer in balancers
                    if peer is not balancer
                ]
                balancer.server.change({"replicas": own, "peers": peers})
            for number, balancer in enumerate(balancers):
                await world.heard_from(balancer, 1 + (number == 0), 2)
            async with (
                client_of(balancers[0]) as a,
                client_of(balancers[1]) as b,
                client_of(balancers[2]) as c,
            ):
                clients, last = [a, b, c], None
                for turn in range(12):
                    client = clients[turn % 3 if turn < 6 else (turn * turn) % 3]
                    made = await client.responses.create(
                        model=MODEL, input="go on", previous_response_id=last
                    )
                    assert made.previous_response_id == last
                    last = made.id
                assert last is not None
                for client in clients:
                    assert (await client.responses.retrieve(last)).id == last
            for balancer in balancers:
                async with client_of(balancer, BOB) as bob:
                    with pytest.raises(NotFoundError, match="not found"):
                        await bob.responses.retrieve(last)
                    with pytest.raises(NotFoundError, match="not found"):
                        await bob.responses.create(model=MODEL, input="hi", previous_response_id=last)
                    with pytest.raises(NotFoundError, match="not found"):
                        await bob.responses.delete(last)
            async with client_of(balancers[1]) as client:
                await client.responses.delete(last)
                with pytest.raises(NotFoundError, match="not found"):
                    await client.responses.retrieve(last)

    play(scene)


def test_what_was_stored_on_a_replica_that_is_gone(play: Play) -> None:
    async def scene(world: World) -> None:
        from openai import NotFoundError

        async with emulated(2) as replicas:
            balancer = await balancer_over(world, replicas)
            async with client_of(balancer) as client:
                made = [await client.responses.create(model=MODEL, input=f"{n}" * 400) for n in range(8)]
                balancer.server.change({"replicas": replicas[:1]})
                codes: list[str | None] = []
                for response in made:
                    try:
                        await client.responses.retrieve(response.id)
                        codes.append(None)
                    except NotFoundError as error:
                        codes.append(error.code)
                assert set(codes) == {None, "response_gone"}

    play(scene)
