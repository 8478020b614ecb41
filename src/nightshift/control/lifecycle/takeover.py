"""Which balancer has which replicas, and who its peers are.

A region's replicas belong to its own balancer. While that is not ready, the nearest balancer that is has
them, as the paper says of the original (its code had no such thing); when it is back, it gets them back.
Requests that are under way stay where they are.

A replica whose probes fail gets nothing new, and is not taken away: the balancer may know better, and what
runs there may end well. A balancer whose probes fail remains a peer of the others, who see for themselves
whether they reach it. So a controller that is cut off from a region changes nothing between others and it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nightshift.balancing.switches import Topology
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import ServiceSpec

Distance = Callable[[str, str], float]
"""Seconds from one region to another, or infinity where that is not known."""


_SERVING = (State.READY, State.NOT_READY, State.DRAINING)
_PEERS = (State.READY, State.NOT_READY)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one balancer shall have, by the units' names. `draining` are those of `replicas` that get nothing
    new.
    """

    replicas: tuple[str, ...]
    draining: frozenset[str]
    peers: tuple[str, ...]


def assign(spec: ServiceSpec, rows: Sequence[UnitRow], distance: Distance) -> Mapping[str, Assignment]:
    """Return what each balancer that is ready shall have."""
    balancers = [row for row in rows if row.kind is Kind.BALANCER and row.state is State.READY]
    replicas = [row for row in rows if row.kind is Kind.REPLICA and row.state in _SERVING]
    homes = {region: _home(spec, region, balancers, distance) for region in {r.region for r in replicas}}
    names = [row.name for row in rows if row.kind is Kind.BALANCER and row.state in _PEERS]
    result: dict[str, Assignment] = {}
    for balancer in balancers:
        mine = [row for row in replicas if homes[row.region] == balancer.name]
        draining = frozenset(row.name for row in mine if row.state is not State.READY)
        peers = tuple(name for name in names if name != balancer.name)
        result[balancer.name] = Assignment(tuple(row.name for row in mine), draining, peers)
    return {**result, **_routers(rows, replicas)}


def at_first(spec: ServiceSpec, rows: Sequence[UnitRow], balancer: UnitRow, distance: Distance) -> Assignment:
    """Return what a balancer begins with: what it will be given once it is seen to be ready.

    Clients that know its address ask it before that, and shall not hear that it has no replica.
    """
    ready = [replace(row, state=State.READY) if row.name == balancer.name else row for row in rows]
    found = assign(spec, ready, distance)[balancer.name]
    return replace(found, replicas=tuple(n for n in found.replicas if n not in found.draining))


def _routers(rows: Sequence[UnitRow], replicas: Sequence[UnitRow]) -> Mapping[str, Assignment]:
    """A router that can be told has all replicas of all regions, and no peers."""
    draining = frozenset(row.name for row in replicas if row.state is not State.READY)
    everyone = Assignment(tuple(row.name for row in replicas), draining, ())
    return {
        row.name: everyone
        for row in rows
        if row.kind is Kind.ROUTER and row.state is State.READY and row.admin is not None
    }


def _home(spec: ServiceSpec, region: str, balancers: Sequence[UnitRow], distance: Distance) -> str | None:
    """Return who has the replicas of a region: its own balancer, or the nearest."""
    if not balancers:
        return None
    if spec.switches.topology is Topology.GLOBAL:
        return balancers[0].name
    return min(
        balancers, key=lambda row: (row.region != region, distance(region, row.region), row.number)
    ).name
