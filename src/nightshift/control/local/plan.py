"""What a local fleet shall be.

A plan is complete: two fleets of the same plan differ in nothing but port numbers. It is checked when it
is made (`checked`), before anything starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nightshift.backends.llama_cpp.weights import MODEL_NAME
from nightshift.balancing.presets import Preset
from nightshift.balancing.switches import Across, Switches, Topology
from nightshift.control.local.external import ExternalRouter
from nightshift.errors import UserError

DEFAULT_PROFILE = "l4-llama-3.1-8b"


class Engine(StrEnum):
    """What a replica runs."""

    EMULATED = "emulated"
    LLAMA_CPP = "llama.cpp"


_MODELS = {Engine.EMULATED: "meta-llama/Llama-3.1-8B-Instruct", Engine.LLAMA_CPP: MODEL_NAME}


def routing_of(system: Preset) -> Switches | ExternalRouter:
    """Return what stands before the replicas in this system."""
    return system.switches or ExternalRouter(str(system.external))


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """A region: how many replicas, and where its clients knock."""

    name: str
    replicas: int
    host: str = "127.0.0.1"
    port: int = 0
    """The region's public port; 0 takes any free one."""


@dataclass(frozen=True, slots=True)
class WanPlan:
    """Latency and bandwidth between regions; all in real time, `speed` scales them later."""

    matrix: str | Mapping[str, Mapping[str, float]]
    """The name of a shipped matrix, or round trips in milliseconds: from -> to -> ms."""
    jitter_ms: float = 0.0
    bandwidth_mbit_s: float | None = None
    """Of each link and direction; None does not limit."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """A whole fleet. The first region is the one where a global balancer stands."""

    name: str
    regions: tuple[RegionPlan, ...]
    routing: Switches | ExternalRouter
    log_dir: Path
    engine: Engine = Engine.EMULATED
    profile: str = DEFAULT_PROFILE
    """The emulated engine's device and model; of no meaning to llama.cpp."""
    model: str | None = None
    """The name that the replicas serve their model under; None takes that of the engine's own model."""
    wan: WanPlan | None = None
    """None: all regions are one hop of the loopback apart."""
    speed: float = 1.0
    seed: int = 0

    @property
    def model_name(self) -> str:
        """The model's name in requests."""
        return _MODELS[self.engine] if self.model is None else self.model

    @property
    def has_one_entry(self) -> bool:
        """Whether one balancer, or an external router, serves the clients of all regions."""
        return not isinstance(self.routing, Switches) or self.routing.topology is Topology.GLOBAL


def checked(plan: FleetPlan) -> FleetPlan:
    """Return `plan`, or raise `UserError` for what would start and never work."""
    if not plan.regions:
        raise UserError(f"service {plan.name!r} has no region; name at least one")
    _no_double([region.name for region in plan.regions], "region")
    _no_double([str(region.port) for region in plan.regions if region.port], "port")
    if not any(region.replicas for region in plan.regions):
        raise UserError(f"service {plan.name!r} has no replica; give at least one region one or more")
    if plan.engine is Engine.LLAMA_CPP and plan.speed != 1.0:
        raise UserError("speed is for the emulated engine; a real one runs in real time")
    isolated = isinstance(plan.routing, Switches) and plan.routing.across is Across.NONE
    if isolated and not plan.has_one_entry:
        _each_has_a_replica(plan.regions)
    if plan.has_one_entry and plan.wan is None:
        _only_the_first_has_a_port(plan.regions)
    return plan


def _no_double(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{what} {name} is given twice; each region needs its own")


def _each_has_a_replica(regions: tuple[RegionPlan, ...]) -> None:
    for region in regions:
        if not region.replicas:
            raise UserError(
                f"region {region.name} has no replica, and this system hands no request to another region; "
                "give it a replica or choose another system"
            )


def _only_the_first_has_a_port(regions: tuple[RegionPlan, ...]) -> None:
    for region in regions[1:]:
        if region.port:
            raise UserError(
                f"region {region.name} has a port, but one balancer serves all regions and without a wan "
                f"nothing listens there; leave the port out, or set a wan"
            )
