"""How many replicas a service shall have, where that scales: the balancers' counts go to the autoscaler.

What is decided is the service's `desired`, which is written down: the next controller goes on from there.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from nightshift.control.autoscaling import Autoscaler, QueueWait, RequestRate, Seen, WaitReading
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.states import LIVING, State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import Scaling

States = Mapping[str, Mapping[str, Any]]
"""What each balancer that answers last said of itself, by its name."""


class Scaler:
    """The autoscaler of one service and what it is fed with."""

    def __init__(self, scaling: Scaling, desired: int) -> None:
        self._scaling = scaling
        self._autoscaler = Autoscaler(scaling, target=desired)
        self._rate = RequestRate()
        self._wait = QueueWait()
        self._known: set[str] = set()
        self._due = -inf

    def use(self, scaling: Scaling) -> None:
        """The service was updated."""
        if scaling != self._scaling:
            self._scaling = scaling
            self._autoscaler.use(scaling)

    def desired(self, now: float, fleet: Fleet, states: States) -> int:
        """Return how many replicas the service shall have at `now`."""
        if self._scaling.is_fixed:
            return self._scaling.least
        self._read(now, states)
        if now >= self._due:
            seen = self._seen(now, fleet, states)
            self._due = now + self._autoscaler.interval_s(seen)
            self._autoscaler.decide(now, seen)
        return self._autoscaler.target

    def _read(self, now: float, states: States) -> None:
        for name in self._known - states.keys():
            self._rate.forget(name)
            self._wait.forget(name)
        self._known = set(states)
        for name, state in states.items():
            counters = state.get("counters", {})
            self._rate.read(
                now, name, arrived=counters.get("arrived", 0), from_peers=counters.get("from_peers", 0)
            )
            waits = state.get("queue_wait_s")
            if waits is not None:
                buckets = {float(bound): float(count) for bound, count in waits["buckets"].items()}
                self._wait.read(now, name, WaitReading(waits["sum"], waits["count"], buckets))

    def _seen(self, now: float, fleet: Fleet, states: States) -> Seen:
        here = [row for row in fleet.of(Kind.REPLICA) if row.gone is None]
        ready = {row.name for row in here if row.state is State.READY}
        said = [one for state in states.values() for one in state.get("replica", {}).items()]
        used = [facts["kv_use"] for name, facts in said if name in ready and facts.get("kv_use") is not None]
        return Seen(
            ready=len(ready),
            launching=sum(row.state in LIVING and row.name not in ready for row in here),
            draining=sum(row.state is State.DRAINING for row in here),
            requests_per_s=self._rate.per_second(now),
            queue_wait_s=self._wait.quantile_s(now),
            waiting=sum(state.get("queue", 0) for state in states.values()),
            outstanding=sum(facts.get("outstanding", 0) for name, facts in said if name in ready),
            kv_use=sum(used) / len(used) if used else None,
        )
