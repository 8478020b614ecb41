"""What is remembered of a service and its units: the rows of the controller's tables.

Times are seconds since 1970, by the wall clock: they outlive the process, and the machine's reboot. What is
decided by them has delays of seconds and more; a clock that is set back makes those longer, nothing else.
"""

from dataclasses import dataclass, replace

from nightshift.control.lifecycle.states import State, checked
from nightshift.control.providers.base import Kind

ROUTERS = ("sglang-router", "sglang-router-pull", "vllm-router")
"""Baselines of the benchmark: one load balancer for all regions, before the replicas of a service."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A replica, a balancer or a router. `place` is its index in `places`, `balancers` or `ROUTERS`."""

    name: str
    service: str
    kind: Kind
    number: int
    """From 1, never given twice in a service."""
    version: int
    region: str
    place: int
    state: State
    since: float
    """When it came into this state."""
    launched: float
    ready_first: float | None = None
    """When it first answered a probe."""
    address: str | None = None
    admin: str | None = None
    zone: str = ""
    resources: str = ""
    problem: str = ""
    permanent: bool = False
    """Whether trying again cannot help."""
    gone: float | None = None
    """When nothing was left of it; such a row is only remembered."""

    def become(self, state: State, now: float, problem: str = "") -> "UnitRow":
        """Return the row in another state. Raises `ValueError` for one that may not follow."""
        return replace(self, state=checked(self.state, state), since=now, problem=problem or self.problem)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service. Its file is kept for each version, beside the database."""

    name: str
    version: int
    created: float
    mode: str = "rolling"
    """How replicas of an older version are replaced: `rolling` or `blue_green`."""
    ending: bool = False
    """Whether it shall be gone."""
    has_served: bool = False
    desired: int = 0
    """How many replicas there shall be now, where that scales; else the spec says so."""
    next_replica: int = 1
    next_balancer: int = 1
    next_router: int = 1
    routers: str = ""
    """Which of `ROUTERS` stand before its replicas as well, with commas between."""
