"""What an engine and a balancer say of their load, and what says nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from tests.bench.served import served

from nightshift.bench.loads import balancer_state, engine_load, object_at

STATE = {"name": "lb", "region": "eu", "replica": {}, "queue": 3, "outstanding": 4, "counters": {}}
LOAD = b"vllm:num_requests_waiting 2\nvllm:num_requests_running 7\nvllm:kv_cache_usage_perc 0.5\n"


def asked(pages: dict[str, tuple[int, bytes]], ask: Callable[[ClientSession, str], Awaitable[Any]]) -> Any:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

        def do_GET(self) -> None:
            status, page = pages.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(page)

    async def scene(url: str) -> Any:
        async with ClientSession() as http:
            return await ask(http, url)

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        return asyncio.run(scene(f"http://127.0.0.1:{server.server_port}"))


def test_an_engine_tells_its_load() -> None:
    load = asked({"/metrics": (200, LOAD)}, engine_load)
    assert (load["pending"], load["running"], load["kv_use"]) == (2, 7, 0.5)


@pytest.mark.parametrize("page", [(200, b"<html>"), (404, LOAD), (500, LOAD), (302, LOAD)])
def test_what_is_no_page_of_metrics_says_nothing(page: tuple[int, bytes]) -> None:
    assert asked({"/metrics": page, "/elsewhere": (200, LOAD)}, engine_load) is None


def test_nobody_there_says_nothing() -> None:
    async def scene() -> tuple[object, object, object]:
        url = "http://127.0.0.1:1"
        async with ClientSession() as http:
            state = await balancer_state(http, url, "token")
            return await engine_load(http, url), state, await object_at(http, url)

    assert asyncio.run(scene()) == (None, None, {})


@pytest.mark.parametrize(
    ("page", "known"),
    [
        ((200, orjson.dumps(STATE)), True),
        ((200, b"{}"), False),
        ((200, b"[1]"), False),
        ((200, b"no json"), False),
        ((401, orjson.dumps(STATE)), False),
    ],
)
def test_a_balancer_is_known_by_all_that_it_tells(page: tuple[int, bytes], *, known: bool) -> None:
    found = asked({"/nightshift/state": page}, lambda http, url: balancer_state(http, url, "token"))
    assert found == (STATE if known else None)
