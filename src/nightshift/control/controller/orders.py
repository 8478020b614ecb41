"""From a service and a row to what a provider launches. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from nightshift.control.baselines.routers import external_router, sglang_router_pull
from nightshift.control.lifecycle.rows import ROUTERS, UnitRow
from nightshift.control.local.external import ExternalRouter
from nightshift.control.providers.base import Balancing, Kind, Order, Routing
from nightshift.control.service.spec import BalancerPlace, LocalEngine, ProviderName, ServiceSpec

_NOTHING: Mapping[str, object] = MappingProxyType({})


def order_for(spec: ServiceSpec, row: UnitRow, token: str, targets: Mapping[str, object] = _NOTHING) -> Order:
    """Return the order for a unit; `token` is the service's, `targets` what a balancer begins with."""
    if row.kind is Kind.BALANCER:
        place = spec.balancers[row.place]
        return Order(
            name=row.name,
            service=row.service,
            kind=row.kind,
            region=row.region,
            program=Balancing(
                {**balancer_settings(spec, row, token), **targets}, place.host, _port(place, row)
            ),
            resources=place.resources,
        )
    return Order(
        name=row.name,
        service=row.service,
        kind=row.kind,
        region=row.region,
        program=spec.engine,
        resources=spec.places[row.place].resources,
        envs=spec.envs,
    )


def _port(place: BalancerPlace, row: UnitRow) -> int:
    """Return the port of the file, or that of the balancer which was there before; 0: any."""
    return place.port or int((row.address or ":0").rpartition(":")[2])


def balancer_settings(spec: ServiceSpec, row: UnitRow, token: str) -> Mapping[str, Any]:
    """Return the settings of a balancer, without targets, which are pushed to it whenever they change."""
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
        "residency": {tenant: list(regions) for tenant, regions in spec.residency.items()},
        "speed": speed,
        "seed": seed,
        "limits": limits,
        # Said even if there are none: to a running balancer, what is left out stays as it is.
        "keys": [],
        "keys_file": None,
        **given,
    }


def switches_of(spec: ServiceSpec, place: BalancerPlace) -> Mapping[str, Any]:
    """Return the service's switches, with the policy that this balancer has for its replicas."""
    switches = asdict(spec.switches)
    return switches if place.policy is None else {**switches, "replica_policy": place.policy}


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def router_order(spec: ServiceSpec, row: UnitRow, token: str, replicas: Sequence[Mapping[str, Any]]) -> Order:
    """Return the order for a baseline before these replicas (`id`, `address`, `region`)."""
    name = ROUTERS[row.place]
    if name == "sglang-router-pull":
        program: Routing | Balancing = sglang_router_pull(row.name, row.region, replicas, token)
    else:
        addresses = [str(replica["address"]) for replica in replicas]
        # On a machine of its own the package is where `Routing.setup` has put it.
        program = external_router(ExternalRouter(name), addresses, here=spec.provider is ProviderName.LOCAL)
    return Order(row.name, row.service, row.kind, row.region, program)
