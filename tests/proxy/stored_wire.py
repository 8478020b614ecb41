"""What clients ask of stored responses on the wire, and three balancers to ask it of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from nightshift.proxy.access.key_files import digest_of

if TYPE_CHECKING:
    from tests.proxy.conftest import Asked, Engine, Response, Running, Wire, World

ALICE, BOB = "ns-" + "a" * 43, "ns-" + "b" * 43
KEYS = [{"id": "alice.1", "sha256": digest_of(ALICE)}, {"id": "bob", "sha256": digest_of(BOB)}]


def shows(key: str) -> str:
    return f"Authorization: Bearer {key}\r\n" if key else ""


def create(wire: Wire, previous: str | None = None, more: str = "", **fields: object) -> bytes:
    """Ask for a response. Odd blanks and an unknown field: the body must arrive as it is."""
    named = {} if previous is None else {"previous_response_id": previous}
    body = orjson.dumps({"model": "m", "input": "hello", **named, **fields, "unknown": [1]})
    body = body.replace(b",", b" , ")
    wire.post("/v1/responses", body, more)
    return body


async def whoever(engines: list[Engine]) -> tuple[Engine, Asked]:
    """Wait for the next request, whichever engine gets it."""
    waiting = {asyncio.create_task(engine.request()): engine for engine in engines}
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    (task,) = done
    return waiting[task], task.result()


async def store(wire: Wire, engines: list[Engine], id_: str, more: str = "", **fields: object) -> Engine:
    """Have a response made and stored; return the engine that has it."""
    create(wire, None, more, **fields)
    engine, asked = await whoever(engines)
    asked.answer_json({"id": id_, "object": "response"})
    assert (await wire.response()).json()["id"] == id_
    return engine


async def refused(wire: Wire) -> tuple[int, Any]:
    response = await wire.response()
    return response.status, response.json()["error"]["code"]


async def answered(wire: Wire, engine: Engine, status: str = "200 OK") -> tuple[Asked, Response]:
    asked = await engine.request()
    asked.answer_json({"object": "response"}, status)
    return asked, await wire.response()


async def three(world: World, *engines: Engine, **settings: Any) -> tuple[Running, Running, Running]:
    """A balancer without replicas, one with these, and a third without, each other's peers."""
    first, second, third = [await world.balancer(name=name, **settings) for name in ("a", "b", "c")]
    await world.introduce(first, [], [second, third])
    await world.introduce(second, list(engines), [first, third])
    await world.introduce(third, [], [first, second])
    await world.heard_from(second, len(engines))
    for balancer in (first, third):
        await world.heard_from(balancer, 0, 1)
    return first, second, third
