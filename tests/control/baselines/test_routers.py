"""The baselines: their arguments, and the real SGLang router before two emulated engines."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.serve import serving
from nightshift.balancing.presets import PRESETS, Preset
from nightshift.balancing.switches import Across, Topology, ToReplicas
from nightshift.control.baselines.routers import external_router, sglang_router_pull
from nightshift.control.local.external import ROUTERS, ExternalRouter, require_router
from nightshift.control.providers.base import Routing
from nightshift.engine.profiles import PROFILES
from nightshift.errors import UserError
from nightshift.processes import address_of, bind, reserve
from nightshift.proxy.settings import checked_settings

REPLICAS = [
    {"id": "svc2-r1", "address": "10.0.0.1:8081", "region": "us-east-2", "state": "READY"},
    {"id": "svc2-r2", "address": "10.0.0.2:8081", "region": "ap-northeast-1", "state": "READY"},
]


def test_arguments_of_the_router() -> None:
    routing = external_router(ExternalRouter.SGLANG, ["10.0.0.1:8081", "10.0.0.2:8081"], here=False)
    assert routing.argv[:3] == ("python3", "-m", "sglang_router.launch_router")
    assert routing.port == 9001
    assert "sglang-router==0.3.2" in routing.setup
    words = ["1" if "_port}" in word or word == "{port}" else word for word in routing.argv[3:]]
    parsed = pytest.importorskip("sglang_router.launch_router").parse_router_args(words)
    assert parsed.worker_urls == ["http://10.0.0.1:8081", "http://10.0.0.2:8081"]
    values = (parsed.policy, parsed.cache_threshold, parsed.balance_abs_threshold)
    assert values == ("cache_aware", 0.5, 32)
    assert (parsed.balance_rel_threshold, parsed.eviction_interval_secs) == (1.0001, 60)
    assert parsed.max_tree_size == 2**24


def test_a_router_without_a_replica_is_refused() -> None:
    with pytest.raises(UserError, match="needs a replica"):
        external_router(ExternalRouter.SGLANG, [])


def test_pull_is_our_balancer_with_all_replicas() -> None:
    balancing = sglang_router_pull("svc2-router2", "us-east-2", REPLICAS, "a-secret-of-the-service")
    settings = checked_settings(dict(balancing.settings), where="test")
    assert balancing.port == 9002
    assert [replica.region for replica in settings.replicas] == ["us-east-2", "ap-northeast-1"]
    assert settings.switches.topology is Topology.GLOBAL
    assert settings.switches.across is Across.NONE
    assert "a-secret" not in repr(balancing)


@contextlib.asynccontextmanager
async def running(routing: Routing) -> AsyncIterator[str]:
    """Run a router on free ports; yield its address once it is healthy."""
    with reserve("127.0.0.1", 0) as port, reserve("127.0.0.1", 0) as metrics:
        values = {
            "{host}": "127.0.0.1",
            "{port}": str(port.getsockname()[1]),
            "{metrics_port}": str(metrics.getsockname()[1]),
        }
        argv = [values.get(word, word) for word in routing.argv]
        process = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            yield address_of(port)
        finally:
            process.kill()
            await process.wait()


async def until_all_healthy(http: aiohttp.ClientSession, url: str, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(url) as answer:
                    if answer.status == 200 and (await answer.json())["healthy_workers"] == count:
                        return
            await asyncio.sleep(0.1)  # it says nothing of its own accord


@pytest.mark.parametrize("router", ExternalRouter)
def test_the_real_router_before_two_engines(router: ExternalRouter) -> None:
    if not ROUTERS[router].is_installed:
        pytest.skip(f"not installed: {ROUTERS[router].remedy}")
    asyncio.run(asyncio.wait_for(_ask_through_the_router(router), 100))


def test_vllm_router_has_its_own_place_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = ROUTERS[ExternalRouter.VLLM]
    with pytest.raises(UserError, match=r"vllm-router is not installed in .*/\.venv-peers; run `nightshift"):
        require_router(ExternalRouter.VLLM)
    routing = external_router(ExternalRouter.VLLM, ["10.0.0.1:8081"], here=False)
    assert routing.port == 9003
    assert routing.setup == "python3 -m pip install vllm-router==0.1.17"
    assert routing.argv[:3] == ("python3", "-m", "vllm_router.launch_router")
    here = external_router(ExternalRouter.VLLM, ["10.0.0.1:8081"])
    assert here.argv[0] == program.python == str(tmp_path / ".venv-peers" / "bin" / "python")


@pytest.mark.parametrize("one", [one for one in PRESETS if one.external], ids=lambda one: one.suffix)
def test_what_stands_in_has_the_values_of_the_real_one(one: Preset) -> None:
    arguments = ROUTERS[ExternalRouter(str(one.external))].arguments
    stand_in = one.stands_in
    assert stand_in is not None
    assert float(arguments["--cache-threshold"]) == stand_in.match_threshold
    assert int(arguments["--balance-abs-threshold"]) == stand_in.imbalance.absolute
    assert float(arguments["--balance-rel-threshold"]) == stand_in.imbalance.relative
    assert (stand_in.topology, stand_in.to_replicas) == (Topology.GLOBAL, ToReplicas.BLIND)


async def _ask_through_the_router(router: ExternalRouter) -> None:
    async with contextlib.AsyncExitStack() as stack:
        addresses = []
        for number in (1, 2):
            sock = bind("127.0.0.1", 0)
            options = EngineOptions(PROFILES["instant"], "emulated-model", replica_id=f"r{number}")
            await stack.enter_async_context(serving(options, sock))
            addresses.append(address_of(sock))
        routing = external_router(router, addresses)
        entry = await stack.enter_async_context(running(routing))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await until_all_healthy(http, f"http://{entry}{routing.health_path}", 2)
        body = {"model": "emulated-model", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
        async with http.post(f"http://{entry}/v1/chat/completions", json=body) as answer:
            assert answer.status == 200
            assert (await answer.json())["usage"]["completion_tokens"] > 0
