"""Looks at a simulated fleet on a grid of virtual time, as the sampler of live runs does once in a while."""

from collections.abc import Mapping
from typing import Any

from nightshift.simulate.fleet import SimFleet

EVERY_S = 1.0
"""Virtual seconds between two samples."""


class Samples:
    """The samples so far."""

    def __init__(self, fleet: SimFleet) -> None:
        self._fleet = fleet
        self.lines: list[Mapping[str, Any]] = []

    def start(self, until_s: float) -> None:
        """Sample every `EVERY_S` from now on, up to `until_s`."""
        schedule = self._fleet.schedule
        for turn in range(int((until_s - schedule.now) / EVERY_S) + 1):
            schedule.at(schedule.now + turn * EVERY_S, self._sample)

    def _sample(self) -> None:
        replicas = {}
        for replica in self._fleet.replicas:
            report = replica.report()
            replicas[replica.id] = {
                "region": replica.region,
                "pending": report.pending,
                "running": report.running,
                "kv_use": report.kv_use,
            }
        balancers = {
            balancer.region: {
                "queue": len(balancer.core.queue),
                "outstanding": balancer.core.replicas.outstanding,
                "handed_over": balancer.handed_over,
            }
            for balancer in self._fleet.balancers
        }
        now = round(self._fleet.schedule.now, 3)
        self.lines.append({"t": now, "replicas": replicas, "balancers": balancers})
