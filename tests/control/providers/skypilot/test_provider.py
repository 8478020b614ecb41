"""The provider passes the contract of all providers, on SkyPilot's signatures and clusters in memory."""

import asyncio
from pathlib import Path

import pytest
from tests.control.providers.contract import ProviderContract, launched
from tests.control.providers.skypilot.recorded import Recorded, State

from nightshift.control.providers.base import Kind, Order, Phase, Provider, ProviderError
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.provider import SkyPilotProvider
from nightshift.control.service.spec import (
    BalancerPlace,
    Placeable,
    ProviderName,
    Scaling,
    ServiceSpec,
    SkyTask,
)
from nightshift.errors import UserError

TASK = SkyTask({"run": "serve", "resources": {"accelerators": "L4:1"}}, 8081)


class SkyBench:
    regions = ("us-east-2", "ap-northeast-1")

    def __init__(self, folder: Path) -> None:
        self.sky = Recorded()
        self._folder = folder
        self.provider: Provider = self.again()

    def again(self) -> Provider:
        return SkyPilotProvider(self._folder, sky=self.sky, refresh_s=0)

    def spec(
        self, service: str, *, wan: bool = False, cloud: str = "aws", region: str = "us-east-2"
    ) -> ServiceSpec:
        place: dict[str, object] = {"cloud": cloud, "region": region}
        return ServiceSpec(
            name=service,
            provider=ProviderName.SKYPILOT,
            engine=TASK,
            places=(Placeable(region, place),),
            scaling=Scaling(1, 1),
            balancers=(BalancerPlace(region, place),),
        )

    def order(self, name: str, service: str, region: str) -> Order:
        place: dict[str, object] = {"cloud": "aws", "region": region}
        return Order(name, service, Kind.REPLICA, region, TASK, place, {"SECRET": "hush-hush"})

    async def finish(self, name: str) -> None:
        self.sky.finish(cluster_name(name))

    async def kill(self, name: str) -> None:
        self.sky.there[cluster_name(name)]["job"] = State.FAILED

    async def write(self, name: str) -> bytes:
        self.sky.there[cluster_name(name)]["log"] += "hello\n"
        return b"hello\n"


@pytest.fixture
def bench(tmp_path: Path) -> SkyBench:
    return SkyBench(tmp_path)


class TestSkyPilot(ProviderContract):
    """The contract."""


def test_a_preempted_machine_is_stopped(bench: SkyBench) -> None:
    async def life() -> None:
        await launched(bench, "svc-r1")
        del bench.sky.there[cluster_name("svc-r1")]
        for provider in (bench.provider, bench.again()):
            unit = (await provider.describe("svc"))["svc-r1"]
            assert unit.phase is Phase.STOPPED
            assert "preempted" in unit.problem

    asyncio.run(life())


def test_a_launch_that_fails_says_why(bench: SkyBench) -> None:
    class ResourcesUnavailableError(Exception):
        failover_history = (Exception("InsufficientInstanceCapacity in us-east-2a"),)

    async def life() -> None:
        await bench.provider.launch(bench.order("svc-r1", "svc", "us-east-2"))
        bench.sky.fail(cluster_name("svc-r1"), ResourcesUnavailableError("nothing"), gone=True)
        unit = (await bench.provider.describe("svc"))["svc-r1"]
        assert unit.phase is Phase.FAILED
        assert "no such machine is free now: InsufficientInstanceCapacity" in unit.problem
        await bench.provider.terminate("svc-r1", 0)
        assert await bench.provider.leftovers("svc") == []

    asyncio.run(life())


def test_a_launch_that_is_refused_leaves_nothing(bench: SkyBench) -> None:
    bench.sky.launch_error = ValueError("Invalid task")

    async def life() -> None:
        with pytest.raises(ProviderError, match="svc-r1: Invalid task") as caught:
            await bench.provider.launch(bench.order("svc-r1", "svc", "us-east-2"))
        assert caught.value.permanent
        assert await bench.provider.leftovers("svc") == []

    asyncio.run(life())


def test_a_cluster_whose_record_was_lost_is_found(bench: SkyBench, tmp_path: Path) -> None:
    async def life() -> None:
        await launched(bench, "svc-r1")
        anew = SkyPilotProvider(tmp_path / "other", sky=bench.sky)
        assert set(await anew.describe("svc")) == {"svc-r1"}
        await anew.terminate("svc-r1", 0)
        assert bench.sky.there == {}

    asyncio.run(life())


def test_what_is_not_there_is_said_before_a_launch(bench: SkyBench) -> None:
    with pytest.raises(UserError, match="sky check gcp"):
        asyncio.run(bench.provider.prepare(bench.spec("svc", cloud="gcp", region="us-central1")))
    with pytest.raises(UserError, match="no region mars-1"):
        asyncio.run(bench.provider.prepare(bench.spec("svc", region="mars-1")))
    assert all(name != "launch" for name, _ in bench.sky.calls)
