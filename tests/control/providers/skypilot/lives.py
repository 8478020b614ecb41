"""A bench for stories of one unit, `svc-r1`, whose controller or cloud fails."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.control.providers.skypilot.test_provider import SkyBench

from nightshift.control.providers.base import Kind, Provider, Unit
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.provider import SkyPilotProvider
from nightshift.control.providers.skypilot.records import Records, UnitRecord

ONE = cluster_name("svc-r1")


class Bench(SkyBench):
    """With what a controller sees that has lost its folder, and its launch of a unit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def without_records(self) -> SkyPilotProvider:
        return SkyPilotProvider(self.folder / "other", sky=self.sky, refresh_s=0)

    async def begin(self, provider: Provider | None = None) -> None:
        await (provider or self.provider).launch(self.order("svc-r1", "svc", "us-east-2"))

    async def unit(self, provider: Provider | None = None) -> Unit:
        return (await (provider or self.provider).describe("svc"))["svc-r1"]

    def intend(self) -> None:
        """Leave what a controller leaves that dies before SkyPilot has answered."""
        Records(self.folder).write(UnitRecord("svc-r1", "svc", Kind.REPLICA, "us-east-2", 8081))


def story(test: Callable[[Bench], Awaitable[None]]) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(20):
                await test(Bench(tmp_path))

        asyncio.run(bounded())

    return run
