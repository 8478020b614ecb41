"""Fleets that are up already: services of `nightshift serve`, a gateway, an operator's own endpoints.

They are neither fresh nor cold, and nothing of them is started, stopped or changed here.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.errors import UserError

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """An address that tells how loaded it is: a balancer of Nightshift, or an engine."""

    address: str
    region: str
    """Of the clients that ask it; a balancer says itself where it stands."""
    is_balancer: bool
    secret: int = 0
    """Which of the secrets that the user has given it takes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one system is asked, by region of the client, and what is known of what runs there."""

    endpoints: Mapping[str, str]
    model: str | None = None
    service: str | None = None
    """The service's name, or `SERVICE/BASELINE`; None for what no controller of ours knows."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    engine: str = "not known"
    emulated: bool = False
    speed: float = 1.0
    note: str = ""
    sources: tuple[Source, ...] = ()
    """What is sampled where no service is known; see `watched.py`."""

    @property
    def shown(self) -> str | dict[str, str]:
        """What `run.json` says of it."""
        return dict(self.endpoints) if self.service is None else self.service


def targets_of(
    systems: Sequence[Preset],
    regions: Sequence[str],
    service_names: Sequence[str],
    endpoints: Sequence[str],
    gke_endpoint: str | None,
) -> dict[str, Target]:
    """Return the target of each system by its suffix; nothing where fleets are to be started here.

    Raises `UserError` for services that are not those of `systems`, in their order, and for a region that has
    no endpoint.
    """
    if endpoints and (service_names or gke_endpoint):
        raise UserError("give one of --endpoints and --service-names (with --gke-endpoint), and only one")
    if endpoints:
        return _endpoints(systems, regions, endpoints)
    if not (service_names or gke_endpoint):
        return {}
    from nightshift.bench.script.systems import pair

    views = _views()
    found: dict[str, Target] = {}
    for chosen in pair(systems, service_names, gke_endpoint):
        if chosen.service is None:
            found[chosen.system.suffix] = Target(dict.fromkeys(regions, str(chosen.endpoint)))
        else:
            found[chosen.system.suffix] = _service(chosen, views, regions)
    speeds = {target.speed for target in found.values()}
    if len(speeds) > 1:
        raise UserError(f"the services run at different speeds ({', '.join(map(str, sorted(speeds)))})")
    return found


def _endpoints(
    systems: Sequence[Preset], regions: Sequence[str], endpoints: Sequence[str]
) -> dict[str, Target]:
    """Read `[SYSTEM/]REGION=HOST:PORT`; the system may be left out where there is only one."""
    known: dict[str, dict[str, str]] = {system.suffix: {} for system in systems}
    for word in endpoints:
        place, equals, address = word.partition("=")
        named, slash, region = place.rpartition("/")
        if not (region and equals and address) or (slash and not named):
            raise UserError(f"--endpoints: {word!r} is not of the form [SYSTEM/]REGION=HOST:PORT")
        own = known[_system_of(systems, named, word)]
        if region in own:
            raise UserError(f"--endpoints: {place} is given twice")
        own[region] = address
    for system in systems:
        _check_regions(system if len(systems) > 1 else None, regions, known[system.suffix])
    found = {suffix: Target({region: own[region] for region in regions}) for suffix, own in known.items()}
    for (one, there), (other, again) in combinations(found.items(), 2):
        if there.endpoints == again.endpoints:
            raise UserError(
                f"--endpoints: {one} and {other} have the same addresses; each system runs at its own"
            )
    return found


def _system_of(systems: Sequence[Preset], named: str, word: str) -> str:
    """Return the suffix of the system that an endpoint is of."""
    if not named and len(systems) == 1:
        return systems[0].suffix
    for system in systems:
        if named in (system.suffix, str(system.id)):
            return system.suffix
    asked = ", ".join(system.names for system in systems)
    if named:
        raise UserError(f"--endpoints: {word!r} names no system of --systems, which has {asked}")
    raise UserError(
        f"--endpoints: {word!r} is of which system? --systems has {asked}; say it as in "
        f"{systems[0].suffix}/{word}"
    )


def _check_regions(system: Preset | None, regions: Sequence[str], known: Mapping[str, str]) -> None:
    """Raise `UserError` for a region without an endpoint and one that nobody asks from."""
    prefix, of = ("", "") if system is None else (f"{system.suffix}/", f" of system {system.names}")
    for region in regions:
        if region not in known:
            raise UserError(
                f"region {region} has no endpoint{of}; add {prefix}{region}=HOST:PORT to --endpoints (the "
                "nearest balancer's, where none stands there)"
            )
    if unused := [region for region in known if region not in regions]:
        raise UserError(f"--endpoints: nobody asks from {unused[0]}; add it to --regions or leave it out")


def _views() -> dict[str, View]:
    """Return what the controller says of all services; nothing where there is none."""
    from nightshift.control.controller.places import Places
    from nightshift.control.serve.contact import ensure

    places = Places.usual()
    if not places.root.exists():
        return {}
    contact = ensure(places, database=os.environ.get("NIGHTSHIFT_DATABASE"))
    return {str(view["name"]): view for view in contact.services()}


def _service(chosen: Any, views: Mapping[str, View], regions: Sequence[str]) -> Target:  # noqa: ANN401 - a Chosen
    from nightshift.bench.script.endpoints import check_whole, find_all
    from nightshift.bench.script.systems import BASELINES, check

    if chosen.service not in views:
        raise UserError(
            f"no service {chosen.service!r}; known: {', '.join(views) or 'there is none'}. "
            "`nightshift serve up` starts one"
        )
    view = views[chosen.service]
    check_whole(view)
    note = check(chosen, view)
    endpoints, model = find_all(chosen, view, regions)
    baseline = BASELINES.get(chosen.system.suffix)
    engine = view["engine"]
    return Target(
        endpoints=endpoints,
        model=model,
        service=chosen.service if baseline is None else f"{chosen.service}/{baseline}",
        replicas=Counter(str(one["region"]) for one in view["replicas"] if one["status"] == "READY"),
        engine=str(engine["text"]),
        emulated=bool(engine["emulated"]),
        speed=float(engine["speed"]),
        note=note,
    )
