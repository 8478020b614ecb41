"""The provider of the controller's tests passes the same contract as the real ones."""

import asyncio

import pytest
from tests.control.providers.contract import ProviderContract, WanContract, launched
from tests.control.providers.fake import FakeProvider

from nightshift.control.local.plan import Engine, WanPlan
from nightshift.control.providers.base import Balancing, Kind, Order, Phase, Provider, ProviderError
from nightshift.control.service.spec import (
    BalancerPlace,
    LocalEngine,
    Placeable,
    ProviderName,
    Scaling,
    ServiceSpec,
)


class FakeBench:
    regions = ("us-east-2", "ap-northeast-1")

    def __init__(self) -> None:
        self.fake = FakeProvider()
        self.provider: Provider = self.fake

    def again(self) -> Provider:
        return self.fake.again()

    def spec(self, service: str, *, wan: bool = False) -> ServiceSpec:
        return ServiceSpec(
            name=service,
            provider=ProviderName.LOCAL,
            engine=LocalEngine(Engine.EMULATED),
            places=tuple(map(Placeable, self.regions)),
            scaling=Scaling(1, 1),
            balancers=tuple(map(BalancerPlace, self.regions)),
            wan=WanPlan("aws-2025-05-29") if wan else None,
        )

    def order(self, name: str, service: str, region: str) -> Order:
        secret = {"SECRET": "hush-hush"}
        return Order(name, service, Kind.REPLICA, region, LocalEngine(Engine.EMULATED), envs=secret)

    async def finish(self, name: str) -> None:
        if self.fake.units[name].phase is Phase.LAUNCHING:
            self.fake.finish_launch(name)

    async def kill(self, name: str) -> None:
        self.fake.kill(name)

    async def write(self, name: str) -> bytes:
        self.fake.write_log(name, b"hello\n")
        return b"hello\n"


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


class TestFake(ProviderContract, WanContract):
    """The contract."""


def test_what_the_test_says_happens(bench: FakeBench) -> None:
    fake = bench.fake

    async def life() -> None:
        order = Order("svc-b1", "svc", Kind.BALANCER, "us-east-2", Balancing({}))
        await fake.launch(order)
        assert (await fake.describe("svc"))["svc-b1"].address is None
        assert fake.finish_launches() == ["svc-b1"]
        unit = fake.units["svc-b1"].unit
        assert (unit.address, unit.admin) == ("10.0.0.2:8000", "10.0.0.2:8001")
        await launched(bench, "svc-r1")
        fake.vanish("svc-r1")
        assert set(await fake.describe("svc")) == {"svc-b1"}
        await fake.terminate("svc-b1", 7)
        assert fake.calls[-1].grace_s == 7
        assert fake.called("launch") == ["svc-b1", "svc-r1"]

    asyncio.run(life())


def test_failures_are_as_ordered_until_they_are_mended(bench: FakeBench) -> None:
    fake = bench.fake
    east = bench.regions[0]

    async def life() -> None:
        fake.fail_launch("svc-r1", "no capacity", permanent=False)
        fake.fail_launches(lambda order: order.region == east, "quota is zero", permanent=True)
        for name, problem, permanent in (("svc-r1", "no capacity", False), ("svc-r2", "quota", True)):
            with pytest.raises(ProviderError, match=problem) as caught:
                await fake.launch(bench.order(name, "svc", east))
            assert caught.value.permanent is permanent
        assert await fake.describe("svc") == {}
        fake.mend()
        await fake.launch(bench.order("svc-r1", "svc", east))
        fake.fail_launch("svc-r1", "no image")
        unit = (await fake.describe("svc"))["svc-r1"]
        assert (unit.phase, unit.problem) == (Phase.FAILED, "no image")
        fake.fail_terminate("svc-r1", "the cloud does not answer")
        with pytest.raises(ProviderError, match="does not answer"):
            await fake.terminate("svc-r1", 0)
        fake.mend()
        await fake.terminate("svc-r1", 0)
        assert fake.units == {}

    asyncio.run(life())
