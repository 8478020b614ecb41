"""One step of the controller for one service: what is, and what was seen, become what shall be done.

The result is a level, not an edge: whoever carries it out may die at any point, and the next step asks for
the same again. So every order is one that may be given twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightshift.control.lifecycle.fleet import Fleet, with_wanted
from nightshift.control.lifecycle.progress import progress, rules_for
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.seen import Sight, of
from nightshift.control.lifecycle.states import LEAVING, LIVING, ServiceState, State
from nightshift.control.lifecycle.takeover import Assignment, Distance, assign
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import ServiceSpec


@dataclass(frozen=True, slots=True)
class Decided:
    """What the shell does: write `fleet` down first, then the rest, in any order."""

    fleet: Fleet
    state: ServiceState
    launch: tuple[UnitRow, ...]
    """The provider is to have these."""
    terminate: tuple[UnitRow, ...]
    """The provider is to have nothing of these."""
    assignments: Mapping[str, Assignment]
    """What each balancer that is ready is to have."""
    published: tuple[UnitRow, ...]
    """The balancers whose addresses clients are to find."""
    is_gone: bool = False
    """Whether nothing is left of a service that was to end."""


def step(now: float, spec: ServiceSpec, fleet: Fleet, sight: Sight, distance: Distance) -> Decided:
    """Decide. Pure: the same arguments, the same result."""
    fleet = fleet.with_rows(
        progress(now, row, of(sight, row.name), rules_for(row.kind, spec))
        for row in fleet.rows
        if row.gone is None
    )
    fleet = with_wanted(now, spec, fleet)
    here = [row for row in fleet.rows if row.gone is None]
    state = service_state(fleet)
    if state is ServiceState.READY and not fleet.service.has_served:
        fleet = replace(fleet, service=replace(fleet.service, has_served=True))
    return Decided(
        fleet=fleet,
        state=state,
        launch=tuple(row for row in here if row.state is State.PENDING),
        terminate=tuple(row for row in here if row.state in LEAVING),
        assignments=assign(spec, here, distance),
        published=tuple(row for row in here if row.kind is Kind.BALANCER and row.state is State.READY),
        is_gone=fleet.service.ending and not here,
    )


def service_state(fleet: Fleet) -> ServiceState:
    """Say in one word how a service is."""
    service = fleet.service
    here = [row for row in fleet.rows if row.gone is None]
    if service.ending:
        failed = any(row.state is State.FAILED_CLEANUP for row in here)
        return ServiceState.FAILED_CLEANUP if failed else ServiceState.SHUTTING_DOWN
    ready = [row for row in here if row.state is State.READY]
    replicas = [row for row in ready if row.kind is Kind.REPLICA]
    balancers = [row for row in ready if row.kind is Kind.BALANCER]
    if not replicas or not balancers:
        return ServiceState.NOT_READY if service.has_served else ServiceState.STARTING
    old = [r for r in here if r.kind is Kind.REPLICA and r.state in LIVING and r.version != service.version]
    if old:
        return ServiceState.UPDATING
    wanted = sum(row.kind is Kind.BALANCER and row.state in LIVING for row in here)
    whole = len(replicas) >= service.desired and len(balancers) >= wanted and _none_missing(here)
    if whole:
        return ServiceState.READY
    return ServiceState.DEGRADED if service.has_served else ServiceState.STARTING


def _none_missing(here: list[UnitRow]) -> bool:
    """Tell whether no balancer has failed whose successor is not there yet."""
    return not any(
        row.kind is Kind.BALANCER and row.state in LEAVING and row.state is not State.SHUTTING_DOWN
        for row in here
    )
