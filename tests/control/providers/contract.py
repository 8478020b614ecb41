"""What every provider must do, as one suite: a subclass gives the provider, and orders that cost little.

    class TestMine(ProviderContract):
        @pytest.fixture
        def bench(self) -> Iterator[Bench]: ...

A bench ends with nothing of its services left; its fixture checks that in its own way.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import pytest

from nightshift.control.providers.base import Order, Phase, Provider, ProviderError, Unit
from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import UserError

ONE, OTHER = "svc", "svc-other"
"""Two services; the names are alike, so that a prefix is no match."""
_LONG_S = 60.0


class Bench(Protocol):
    """A provider to be tested, and what stands around it."""

    provider: Provider

    def again(self) -> Provider:
        """Return another provider object for the same machines, as a controller has that was restarted."""

    def spec(self, service: str, *, wan: bool = False) -> ServiceSpec:
        """Return a service with the regions `here` and `there` of `regions`."""

    def order(self, name: str, service: str, region: str) -> Order:
        """Return an order of a replica that costs little."""

    @property
    def regions(self) -> tuple[str, str]:
        """Two regions."""

    async def finish(self, name: str) -> None:
        """Let a launching unit run, if it does not by itself."""

    async def kill(self, name: str) -> None:
        """End a running unit behind the provider's back."""

    async def write(self, name: str) -> bytes:
        """Let a running unit write something to its log; return what will be in it."""


def story(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""

    @functools.wraps(test)
    def run(self: object, bench: Bench) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(_LONG_S):
                await test(self, bench)

        asyncio.run(bounded())

    return run


async def until(
    provider: Provider, service: str, holds: Callable[[Mapping[str, Unit]], bool]
) -> Mapping[str, Unit]:
    """Wait until what a provider says of a service is as it shall be; return that."""
    while not holds(units := await provider.describe(service)):  # noqa: ASYNC110 - a provider has no events
        await asyncio.sleep(0.02)
    return units


async def launched(bench: Bench, name: str, service: str = ONE, region: str | None = None) -> Unit:
    """Launch a unit and wait until it runs; return it."""
    await bench.provider.launch(bench.order(name, service, region or bench.regions[0]))
    await bench.finish(name)
    units = await until(bench.provider, service, lambda units: units[name].phase is not Phase.LAUNCHING)
    assert units[name].phase is Phase.RUNNING, units[name].problem
    return units[name]


async def clear(provider: Provider, service: str = ONE) -> None:
    """End all of a service, and check that nothing is left."""
    for name in await provider.describe(service):
        await provider.terminate(name, 5)
    await provider.clean_up(service)
    assert await provider.leftovers(service) == []


class ProviderContract:
    """See the head of the file."""

    @story
    async def test_a_launched_unit_is_described(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        assert await bench.provider.describe(ONE) == {}
        await bench.provider.launch(order := bench.order("svc-r1", ONE, bench.regions[1]))
        unit = (await bench.provider.describe(ONE))["svc-r1"]
        assert (unit.name, unit.kind, unit.region) == (order.name, order.kind, bench.regions[1])
        assert unit.phase in (Phase.LAUNCHING, Phase.RUNNING)
        await bench.finish("svc-r1")
        units = await until(bench.provider, ONE, lambda units: units["svc-r1"].phase is Phase.RUNNING)
        host, _, port = (units["svc-r1"].address or "").rpartition(":")
        assert host
        assert int(port) > 0
        assert units["svc-r1"].problem == ""
        assert units["svc-r1"].resources
        await clear(bench.provider)

    @story
    async def test_launching_again_changes_nothing(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        order = bench.order("svc-r1", ONE, bench.regions[0])
        await asyncio.gather(bench.provider.launch(order), bench.provider.launch(order))
        await bench.finish("svc-r1")
        units = await until(bench.provider, ONE, lambda units: units["svc-r1"].phase is Phase.RUNNING)
        await bench.provider.launch(order)
        assert await bench.provider.describe(ONE) == units
        await clear(bench.provider)

    @story
    async def test_launching_what_has_stopped_changes_nothing(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        await bench.kill("svc-r1")
        await bench.provider.launch(bench.order("svc-r1", ONE, bench.regions[0]))
        assert (await bench.provider.describe(ONE))["svc-r1"].phase is Phase.STOPPED
        await clear(bench.provider)

    @story
    async def test_a_unit_that_ended_says_so_until_it_is_terminated(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        await launched(bench, "svc-r2")
        await bench.kill("svc-r1")
        units = await until(bench.provider, ONE, lambda units: units["svc-r1"].phase is Phase.STOPPED)
        assert units["svc-r1"].problem
        assert units["svc-r2"].phase is Phase.RUNNING
        await bench.provider.terminate("svc-r1", 0)
        assert set(await bench.provider.describe(ONE)) == {"svc-r2"}
        await clear(bench.provider)

    @story
    async def test_terminating_ends_one_unit_and_may_be_repeated(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        await launched(bench, "svc-r10")
        await asyncio.gather(bench.provider.terminate("svc-r1", 5), bench.provider.terminate("svc-r1", 5))
        assert set(await bench.provider.describe(ONE)) == {"svc-r10"}
        await bench.provider.terminate("svc-r1", 5)
        await bench.provider.terminate("never-was", 5)
        assert (await bench.provider.describe(ONE))["svc-r10"].phase is Phase.RUNNING
        await clear(bench.provider)

    @story
    async def test_a_name_may_be_used_again_after_its_end(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        await bench.provider.terminate("svc-r1", 5)
        await launched(bench, "svc-r1")
        await clear(bench.provider)

    @story
    async def test_services_do_not_touch_each_other(self, bench: Bench) -> None:
        for service in (ONE, OTHER):
            await bench.provider.prepare(bench.spec(service))
            await launched(bench, f"{service}-r1", service)
        theirs = await bench.provider.describe(OTHER)
        assert set(await bench.provider.describe(ONE)) == {"svc-r1"}
        await clear(bench.provider, ONE)
        assert await bench.provider.describe(OTHER) == theirs
        assert await bench.provider.leftovers(OTHER)
        await clear(bench.provider, OTHER)

    @story
    async def test_after_a_crash_all_is_still_known(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        await launched(bench, "svc-r2")
        await bench.kill("svc-r2")
        before = await until(bench.provider, ONE, lambda units: units["svc-r2"].phase is Phase.STOPPED)
        anew = bench.again()
        await anew.prepare(bench.spec(ONE))
        assert await anew.describe(ONE) == before
        await anew.launch(bench.order("svc-r1", ONE, bench.regions[0]))
        assert await anew.describe(ONE) == before
        await clear(anew)
        assert await bench.provider.describe(ONE) == {}

    @story
    async def test_without_a_wan_regions_reach_a_unit_at_its_address(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        unit = await launched(bench, "svc-r1")
        for region in bench.regions:
            assert await bench.provider.address_from(region, unit) == unit.address
        await clear(bench.provider)

    @story
    async def test_a_unit_without_an_address_is_reached_by_nobody(self, bench: Bench) -> None:
        order = bench.order("svc-r1", ONE, bench.regions[0])
        unit = Unit(order.name, order.kind, order.region, Phase.LAUNCHING)
        with pytest.raises(ProviderError, match="svc-r1"):
            await bench.provider.address_from(bench.regions[1], unit)

    @story
    async def test_logs_are_read_and_kept_until_the_clean_up(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        written = await bench.write("svc-r1")
        while written not in (log := await _log(bench.provider, "svc-r1")):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        await bench.provider.terminate("svc-r1", 5)
        assert (await _log(bench.provider, "svc-r1")).startswith(log)
        await clear(bench.provider)
        for name in ("svc-r1", "never-was"):
            with pytest.raises(UserError, match=name):
                await _log(bench.provider, name)

    @story
    async def test_a_followed_log_ends_with_its_unit(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        read = b""
        written: bytes | None = None
        async for data in bench.provider.logs("svc-r1", follow=True):
            read += data
            if written is None:
                written = await bench.write("svc-r1")
            elif written in read:
                await bench.provider.terminate("svc-r1", 5)
        assert written is not None
        assert written in read
        await clear(bench.provider)

    @story
    async def test_what_is_left_is_listed_and_cleaned_up_only_when_no_unit_is(self, bench: Bench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        assert any("svc-r1" in line for line in await bench.provider.leftovers(ONE))
        with pytest.raises(ProviderError, match="svc-r1"):
            await bench.provider.clean_up(ONE)
        assert (await bench.provider.describe(ONE))["svc-r1"].phase is Phase.RUNNING
        await clear(bench.provider)
        await bench.provider.clean_up(ONE)
        assert await bench.provider.leftovers("never-was") == []

    @story
    async def test_no_secret_is_shown(self, bench: Bench) -> None:
        order = bench.order("svc-r1", ONE, bench.regions[0])
        assert "SECRET" in order.envs
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        said = [repr(order), repr(await bench.provider.describe(ONE)), repr(bench.provider)]
        said += [*await bench.provider.leftovers(ONE), (await _log(bench.provider, "svc-r1")).decode()]
        assert order.envs["SECRET"] not in "".join(said)
        await clear(bench.provider)


class WanContract:
    """Of a provider that emulates the WAN between regions."""

    @story
    async def test_another_region_reaches_a_unit_over_a_link_of_its_own(self, bench: Bench) -> None:
        here, there = bench.regions
        await bench.provider.prepare(bench.spec(ONE, wan=True))
        unit = await launched(bench, "svc-r1", region=here)
        assert await bench.provider.address_from(here, unit) == unit.address
        link = await bench.provider.address_from(there, unit)
        assert link != unit.address
        assert await bench.provider.address_from(there, unit) == link
        anew = bench.again()
        await anew.prepare(bench.spec(ONE, wan=True))
        assert await anew.address_from(there, unit) == link
        other = await launched(bench, "svc-r2", region=here)
        assert await bench.provider.address_from(there, other) not in (link, other.address)
        assert await bench.provider.leftovers(ONE)
        await clear(bench.provider)


async def _log(provider: Provider, name: str) -> bytes:
    return b"".join([data async for data in provider.logs(name, follow=False)])
