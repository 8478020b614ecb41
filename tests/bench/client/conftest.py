"""A small chat server whose answers each test scripts, and a workload of two-turn chats."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from nightshift.bench.workloads import Program
from nightshift.bench.workloads.chat import rounds
from nightshift.bench.workloads.conversations import Conversation, Turn

Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def chunk(content: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    return b"data: " + orjson.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}) + b"\n\n"


USAGE = {"prompt_tokens": 20, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 16}}
WHOLE = (
    chunk("Good "),
    chunk("morning."),
    chunk(None, "stop"),
    b"data: " + orjson.dumps({"choices": [], "usage": USAGE}) + b"\n\n",
    b"data: [DONE]\n\n",
)


@dataclass
class ChatServer:
    """What it was asked, and where it is."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


async def stream(
    request: web.Request, pieces: Sequence[bytes], headers: dict[str, str] | None = None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream", **(headers or {})})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
    return response


async def answer_whole(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return await stream(request, WHOLE)


async def answer_half(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    """Send a piece, then nothing more until the client goes away."""
    response = await stream(request, WHOLE[:1])
    await asyncio.Event().wait()
    return response


def stopping_after(requests: int, answer: Answer = answer_whole) -> Answer:
    """Answer, and have this process told to stop at the given request."""
    seen = count(1)

    async def counted(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if next(seen) == requests:
            os.kill(os.getpid(), signal.SIGTERM)
        return await answer(request, body)

    return counted


Serve = Callable[..., AbstractAsyncContextManager[ChatServer]]


@dataclass
class Kit:
    """Everything that a test of the client needs (test modules cannot import from one another)."""

    serve: Serve
    stream: Callable[..., Awaitable[web.StreamResponse]] = stream
    whole: Answer = answer_whole
    half: Answer = answer_half
    stopping_after: Callable[..., Answer] = stopping_after
    pieces: tuple[bytes, ...] = WHOLE


@asynccontextmanager
async def serve(answer: Answer = answer_whole, models: object = None) -> AsyncIterator[ChatServer]:
    chat = ChatServer()

    async def list_models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "toy"}, {"id": "other"}]} if models is None else models)

    async def complete(request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        chat.bodies.append(body)
        chat.headers.append({name.lower(): value for name, value in request.headers.items()})
        return await answer(request, body)

    app = web.Application()
    app.router.add_get("/v1/models", list_models)
    app.router.add_post("/v1/chat/completions", complete)
    async with TestServer(app) as server:
        chat.url = f"http://{server.host}:{server.port}"
        yield chat


@dataclass(frozen=True)
class TwoTurns:
    """Each user has one conversation of two turns, again and again."""

    users_per_region: int = 2
    duration_s: float = 4.0
    name: str = "two_turns"
    seed: str = "0"
    data: str = "synthetic: two turns"

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        turns = (Turn("Hi there", 5), Turn("Why?", 6))
        return [
            rounds([Conversation(f"{region}-u{n}-c0", f"{region}-u{n}", turns)], None)
            for n in range(self.users_per_region)
        ]


@pytest.fixture
def kit() -> Kit:
    return Kit(serve)


@pytest.fixture
def two_turns() -> Callable[..., TwoTurns]:
    return TwoTurns
