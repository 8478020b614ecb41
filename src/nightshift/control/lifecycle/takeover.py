"""Which balancer has which replicas, and who its peers are.

A region's replicas belong to its own balancer. While that is not ready, the nearest balancer that is has
them, as the paper says of the original (its code had no such thing); when it is back, it gets them back.
Requests that are under way stay where they are.

A replica whose probes fail gets nothing new, and is not taken away: the balancer may know better, and what
runs there may end well. A balancer whose probes fail remains a peer of the others, who see for themselves
whether they reach it. So a controller that is cut off from a region changes nothing between others and it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
    result = {}
    for balancer in balancers:
        mine = [row for row in replicas if homes[row.region] == balancer.name]
        draining = frozenset(row.name for row in mine if row.state is not State.READY)
        peers = tuple(name for name in names if name != balancer.name)
        result[balancer.name] = Assignment(tuple(row.name for row in mine), draining, peers)
    return result


def _home(spec: ServiceSpec, region: str, balancers: Sequence[UnitRow], distance: Distance) -> str | None:
    """Return who has the replicas of a region: its own balancer, or the nearest."""
    if not balancers:
        return None
    if spec.switches.topology is Topology.GLOBAL:
        return balancers[0].name
    return min(
        balancers, key=lambda row: (row.region != region, distance(region, row.region), row.number)
    ).name
