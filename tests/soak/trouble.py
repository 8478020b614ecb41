"""What goes wrong during the soak, one thing after another: engines die and come back, the WAN is cut and
healed.

Each trouble is over before the next begins, and the last ends well before the load does: what is asked then
must be answered as if nothing had been.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.soak.plan import REGIONS, Service
from tests.soak.surroundings import stopped

from nightshift.wan.client import ControlClient


class Trouble:
    """Makes trouble until told not to."""

    def __init__(self, service: Service, rng: Random, period_s: float) -> None:
        """One trouble takes about `period_s`."""
        self._service = service
        self._rng = rng
        self._period_s = period_s
        self.made: Counter[str] = Counter()

    async def make(self, goes_on: Callable[[], bool]) -> None:
        """One trouble after another."""
        while goes_on():
            await asyncio.sleep(self._period_s / 4)
            kind = self._rng.choice(
                [self._kill_one, self._kill_one, self._kill_a_region, self._cut, self._reload, self._stop]
            )
            await kind()

    async def _kill_one(self) -> None:
        self.made["an engine killed"] += 1
        await self._killed([self._rng.choice(self._service.engines)])

    async def _kill_a_region(self) -> None:
        self.made["a region's engines killed"] += 1
        region = self._rng.choice(REGIONS)
        await self._killed([name for name in self._service.engines if name.startswith(region)])

    async def _killed(self, names: list[str]) -> None:
        for name in names:
            self._service.kill(name)
        await asyncio.sleep(self._rng.uniform(0.2, 0.6) * self._period_s)
        for name in names:
            await asyncio.to_thread(self._service.start_engine, name)

    async def _reload(self) -> None:
        self.made["configuration read again"] += 1
        for balancer in self._service.balancers.values():
            balancer.tell(signal.SIGHUP)
        await asyncio.sleep(0.2 * self._period_s)

    async def _stop(self) -> None:
        self.made["a balancer stopped for a while"] += 1
        with stopped(self._rng.choice(list(self._service.balancers.values()))):
            await asyncio.sleep(self._rng.uniform(0.05, 0.2) * self._period_s)

    async def _cut(self) -> None:
        kind = self._rng.choice(["hold", "reset"])
        one_way = kind == "hold" and self._rng.random() < 0.5
        self.made[f"links cut ({kind}{', one way' if one_way else ''})"] += 1
        control = ControlClient(self._service.control)
        await asyncio.to_thread(lambda: control.cut(*REGIONS, kind, one_way=one_way))
        await asyncio.sleep(self._rng.uniform(0.2, 0.6) * self._period_s)
        await asyncio.to_thread(control.heal_all)
