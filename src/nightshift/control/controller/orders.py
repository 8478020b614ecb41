"""From a service and a row to what a provider launches. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.providers.base import Balancing, Kind, Order
from nightshift.control.service.spec import BalancerPlace, LocalEngine, ServiceSpec


def order_for(spec: ServiceSpec, row: UnitRow, token: str) -> Order:
    """Return the order for a unit; `token` is the service's."""
    if row.kind is Kind.BALANCER:
        place = spec.balancers[row.place]
        return Order(
            name=row.name,
            service=row.service,
            kind=row.kind,
            region=row.region,
            program=Balancing(balancer_settings(spec, row, token), place.host, place.port),
            resources=place.resources,
        )
    engine = spec.engine
    if isinstance(engine, LocalEngine):
        engine = replace(engine, seed=engine.seed + row.number)
    return Order(
        name=row.name,
        service=row.service,
        kind=row.kind,
        region=row.region,
        program=engine,
        resources=spec.places[row.place].resources,
        envs=spec.envs,
    )


def balancer_settings(spec: ServiceSpec, row: UnitRow, token: str) -> Mapping[str, Any]:
    """Return the settings of a balancer, without targets, which are pushed to it when it is there."""
    place = spec.balancers[row.place]
    given = dict(spec.balancer_settings)
    limits = {"drain_s": spec.drain_s, **_mapping(given.pop("limits", {}))}
    speed = spec.engine.speed if isinstance(spec.engine, LocalEngine) else 1.0
    seed = spec.engine.seed if isinstance(spec.engine, LocalEngine) else 0
    return {
        "name": row.name,
        "region": row.region,
        "switches": switches_of(spec, place),
        "peer_token": token,
        "speed": speed,
        "seed": seed,
        "limits": limits,
        **given,
    }


def switches_of(spec: ServiceSpec, place: BalancerPlace) -> Mapping[str, Any]:
    """Return the service's switches, with the policy that this balancer has for its replicas."""
    switches = asdict(spec.switches)
    return switches if place.policy is None else {**switches, "replica_policy": place.policy}


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
