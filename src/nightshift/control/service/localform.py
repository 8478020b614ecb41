"""The simple form of a service file, for this machine (`servicefile.py`), as a `ServiceSpec`."""

from collections.abc import Mapping
from pathlib import Path

from nightshift.balancing.presets import Preset
from nightshift.balancing.switches import Switches, Topology
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine, WanPlan
from nightshift.control.service.faults import Fault
from nightshift.control.service.spec import (
    BalancerPlace,
    LocalEngine,
    Placeable,
    ProviderName,
    Scaling,
    ServiceSpec,
)
from nightshift.control.service.systems import name_of, said_of_original, translated
from nightshift.control.up.servicefile import Region, Service
from nightshift.errors import UserError


def service_of(file: Service, *, name: str, envs: Mapping[str, str]) -> tuple[ServiceSpec, tuple[str, ...]]:
    """Return the service, and what to tell of it. Raises `Fault`."""
    switches, notes = _switches(file, envs)
    places = _places(file.regions)
    stand, more = _balancers(file.regions, switches)
    spec = ServiceSpec(
        name=name,
        provider=ProviderName.LOCAL,
        engine=LocalEngine(
            engine=Engine(file.engine),
            profile=file.profile or DEFAULT_PROFILE,
            model=file.model,
            speed=file.speed,
            seed=file.seed,
        ),
        places=places,
        scaling=Scaling(len(places), len(places)),
        balancers=stand,
        switches=switches,
        system=name_of(switches),
        policy=switches.peer_policy,
        wan=_wan(file),
        envs=envs,
    )
    return spec, (*more, *notes)


def _switches(file: Service, envs: Mapping[str, str]) -> tuple[Switches, tuple[str, ...]]:
    original = translated(envs, {("system",): "system" in file.model_fields_set})
    if original is None:
        if file.system.switches is None:
            raise Fault(
                ("system",),
                f"system {file.system.names} is {file.system.note}: no balancers of a service are like it; "
                "choose another, or run it with `nightshift up`",
            )
        return file.system.switches, ()
    name = name_of(original.switches)
    try:
        file.plan(Path(), Preset(None, name, name, original.switches))
    except UserError as error:
        raise Fault(("regions",), str(error)) from error
    return original.switches, (said_of_original(original, name), *original.notes)


def _places(regions: Mapping[str, Region]) -> tuple[Placeable, ...]:
    """Return one place for each replica, region by region in turn: so each gets as many as the file says."""
    rounds = max(region.replicas for region in regions.values())
    return tuple(
        Placeable(name)
        for number in range(rounds)
        for name, region in regions.items()
        if region.replicas > number
    )


def _balancers(
    regions: Mapping[str, Region], switches: Switches
) -> tuple[tuple[BalancerPlace, ...], tuple[str, ...]]:
    places = tuple(BalancerPlace(name, host=r.host, port=r.port or 0) for name, r in regions.items())
    if switches.topology is Topology.REGIONAL or len(places) == 1:
        return places, ()
    left = ", ".join(place.region for place in places[1:])
    note = f"one load balancer serves all regions in this system: {places[0].region}, and none in {left}"
    return places[:1], (note,)


def _wan(file: Service) -> WanPlan | None:
    wan = file.wan if len(file.regions) > 1 else None
    return WanPlan(wan.matrix, wan.jitter_ms, wan.bandwidth_mbit_s) if wan else None
