"""A new version of a service: which units of the old one can go on as they are.

A replica is replaced only if what it runs has changed. One that runs the same, in a place that the new
version has too, is counted to the new version, as far as that place shall have replicas.

A balancer takes its settings as it runs, but for where it listens: its row shows the port, and not the
address that it is bound to, so that is compared here.
"""

from collections import Counter
from dataclasses import replace

from nightshift.control.lifecycle.fleet import Fleet, shares
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import LIVING, State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import ProviderName, ServiceSpec


def renewed(now: float, before: ServiceSpec, after: ServiceSpec, fleet: Fleet, mode: str) -> Fleet:
    """Return the fleet as the next version begins with it at `now`."""
    service = fleet.service
    desired = min(max(service.desired, after.scaling.least), after.scaling.most)
    service = replace(service, version=service.version + 1, mode=mode, desired=desired)
    fleet = replace(fleet, service=service).with_rows(
        row.become(State.SHUTTING_DOWN, now) for row in _elsewhere(before, after, fleet)
    )
    if (before.engine, before.envs, before.provider) != (after.engine, after.envs, after.provider):
        return fleet
    room = shares(after, desired)
    taken: Counter[int] = Counter()
    kept: list[UnitRow] = []
    for row in fleet.of(Kind.REPLICA):
        place = before.places[row.place]
        same = (i for i, other in enumerate(after.places) if other == place and taken[i] < room[i])
        index = next(same, None) if row.gone is None and row.state in LIVING else None
        if index is not None:
            taken[index] += 1
            kept.append(replace(row, place=index, version=service.version))
    return fleet.with_rows(kept)


def _elsewhere(before: ServiceSpec, after: ServiceSpec, fleet: Fleet) -> list[UnitRow]:
    """Return the balancers that are to listen on another address of this machine."""
    if after.provider is not ProviderName.LOCAL:
        return []
    hosts = [(place.region, place.host) for place in after.balancers]
    return [
        row
        for row in fleet.of(Kind.BALANCER)
        if row.gone is None
        and row.state in LIVING
        and row.place < len(before.balancers)
        and (row.region, before.balancers[row.place].host) not in hosts
    ]
