"""Look after look, with engines that are real servers and a controller that is a list."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from tests.bench.script.views import OHIO, TOKYO, unit, view

from nightshift.bench.queue_fetcher.fetching import Files, fetch
from nightshift.bench.queue_fetcher.targets import Target
from nightshift.errors import NightshiftError

PAGE = "vllm:num_requests_running 3\nvllm:num_requests_waiting 2\nvllm:gpu_cache_usage_perc 0.25\n"


def with_engine(test: Callable[[str], Awaitable[None]]) -> None:
    """Run a test with the address of an engine that tells its metrics."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=PAGE)

    async def whole() -> None:
        app = web.Application()
        app.router.add_get("/metrics", metrics)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            await test("{}:{}".format(*runner.addresses[0][:2]))
        finally:
            await runner.cleanup()

    asyncio.run(whole())


async def look_once(
    folder: Path, views: list[dict[str, Any]], *targets: Target, said: list[str] | None = None
) -> int:
    stop = asyncio.Event()

    def shown() -> list[dict[str, Any]]:
        loop.call_soon_threadsafe(stop.set)
        if not views:
            raise NightshiftError("the controller does not answer")
        return views

    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        files = Files(folder, targets, stack)
        return await fetch(targets, files, shown, stop=stop, say=(said if said is not None else []).append)


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def service(engine: str) -> dict[str, Any]:
    there = view()
    load = {"outstanding": 5, "arrived": 9, "handed_over": 1}
    there["replicas"] = [unit("svc3-r1", OHIO, engine), unit("svc3-r2", TOKYO, "127.0.0.1:1")]
    there["balancers"] = [
        unit("svc3-b1", OHIO, "3.0.0.1:8000", **load | {"queue": 4}),
        unit("svc3-b2", OHIO, "3.0.0.2:8000", **load | {"queue": 3}),
        unit("svc3-b3", TOKYO, "3.0.0.3:8000", **dict.fromkeys(load, None) | {"queue": None}),
    ]
    return there


def test_a_look_in_both_forms(tmp_path: Path) -> None:
    async def test(engine: str) -> None:
        assert await look_once(tmp_path, [service(engine)], Target("exp", "svc3", "svc3")) == 1

    with_engine(test)
    (sample,) = lines(tmp_path / "exp.samples.jsonl")
    assert sample["balancers"] == {OHIO: {"queue": 7, "outstanding": 10, "arrived": 18, "handed_over": 2}}
    assert list(sample["replicas"]) == ["svc3-r1"]  # the other one does not answer
    engine = sample["replicas"]["svc3-r1"]
    assert (engine["region"], engine["running"], engine["pending"], engine["kv_use"]) == (OHIO, 3, 2, 0.25)
    (line,) = lines(tmp_path / "exp.txt")
    assert line.pop("time") == sample["time"] > 1e9
    assert list(line) == ["http://3.0.0.1:8000", "http://3.0.0.2:8000"]
    assert line["http://3.0.0.1:8000"]["raw_queue_size"] == 4


def test_a_controller_that_does_not_answer_costs_a_look_and_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    assert asyncio.run(look_once(tmp_path, [], Target("exp", "svc3", "svc3"), said=said)) == 0
    assert said == ["the controller does not answer"]
    assert lines(tmp_path / "exp.txt") == []


def test_what_was_there_is_kept_and_each_experiment_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('{"time": 1}\n')
    targets = Target("a", "svc3", "svc3"), Target("b", "203.0.113.7:80", None)
    asyncio.run(look_once(tmp_path, [service("127.0.0.1:1")], *targets))
    assert len(lines(tmp_path / "a.txt")) == 2
    (empty,) = lines(tmp_path / "b.samples.jsonl")
    assert (empty["replicas"], empty["balancers"]) == ({}, {})
