"""The balancers of a service: those that the file names, and one for each region that it forgot."""

from collections.abc import Mapping

from nightshift.balancing.switches import Across, Switches, Topology
from nightshift.control.service.faults import Fault
from nightshift.control.service.original_switches import ALIASES
from nightshift.control.service.places import located, region_of
from nightshift.control.service.section import ExternalBalancer, Section
from nightshift.control.service.spec import BalancerPlace, Placeable

_LIST = ("service", "external_load_balancers")
_SMALL: Mapping[str, object] = {"cpus": "2+"}
"""The machine of a balancer that the file does not describe: on AWS that is an m6i.large, the original's."""


def balancers(
    section: Section, found: tuple[Placeable, ...], switches: Switches
) -> tuple[tuple[BalancerPlace, ...], tuple[str, ...]]:
    """Return all balancers, and what to tell of them.

    A service with one balancer for all regions has the first of the file's, else one in the first region.
    Raises `Fault`.
    """
    named = _named(section, switches)
    if switches.topology is Topology.GLOBAL:
        return _one_for_all(named, found, section.engine is not None)
    places, notes = list(named), []
    for place in found:
        if place.region not in [balancer.region for balancer in places]:
            places.append(_added(place, named, is_local=section.engine is not None))
            notes.append(f"{place.region} has replicas and no load balancer in the file: it gets one")
    if switches.across is Across.NONE:
        _each_has_replicas(places, found)
    if section.route53_hosted_zone is not None and section.engine is None:
        _all_on_aws(places)
    return tuple(places), tuple(notes)


def _named(section: Section, switches: Switches) -> list[BalancerPlace]:
    places: list[BalancerPlace] = []
    for number, entry in enumerate(section.external_load_balancers or ()):
        place = _place(entry, number, switches, is_local=section.engine is not None)
        for before in places:
            if before.region == place.region:
                raise Fault(
                    (*_LIST, number), f"{place.region} has a load balancer already; one for each region"
                )
            if place.port and before.port == place.port:
                raise Fault((*_LIST, number, "port"), f"{place.port} is the port of {before.region} already")
        places.append(place)
    return places


def _place(entry: ExternalBalancer, number: int, switches: Switches, *, is_local: bool) -> BalancerPlace:
    path = (*_LIST, number)
    resources = located(entry.resources.model_dump(exclude_unset=True), (*path, "resources"))
    if resources.pop("ports", None) is not None:
        raise Fault((*path, "resources", "ports"), "leave it out; a balancer listens on 8000 of its machine")
    region = region_of(resources, (*path, "resources"))
    policy = entry.load_balancing_policy
    if policy is not None:
        policy = ALIASES.get(policy, policy)
        policy = None if policy == switches.replica_policy else policy
    if is_local:
        return BalancerPlace(region, policy=policy, host=entry.host, port=entry.port or 0)
    for key in ("host", "port"):
        if key in entry.model_fields_set:
            raise Fault((*path, key), "only with `engine`; on a cloud a balancer listens on port 8000")
    return BalancerPlace(region, resources, policy)


def _added(place: Placeable, named: list[BalancerPlace], *, is_local: bool) -> BalancerPlace:
    if is_local:
        return BalancerPlace(place.region, added=True)
    where = {key: place.resources[key] for key in ("cloud", "region") if key in place.resources}
    alike = [other for other in named if other.resources.get("cloud") == where.get("cloud")]
    machine = {key: value for key, value in alike[0].resources.items() if key != "zone"} if alike else _SMALL
    return BalancerPlace(place.region, {**machine, **where}, alike[0].policy if alike else None, added=True)


def _one_for_all(
    named: list[BalancerPlace], found: tuple[Placeable, ...], is_local: bool
) -> tuple[tuple[BalancerPlace, ...], tuple[str, ...]]:
    if not named:
        first = _added(found[0], [], is_local=is_local)
        return (first,), (f"one load balancer serves all regions in this system: in {first.region}",)
    left = ", ".join(balancer.region for balancer in named[1:])
    note = f"one load balancer serves all regions in this system: {named[0].region}, and none in {left}"
    return (named[0],), (note,) if left else ()


def _each_has_replicas(places: list[BalancerPlace], found: tuple[Placeable, ...]) -> None:
    for number, balancer in enumerate(places):
        if balancer.region not in [place.region for place in found]:
            raise Fault(
                (*_LIST, number),
                f"{balancer.region} has no replica, and this system hands no request to another region; "
                "add the region to `resources.ordered`, or choose another system",
            )


def _all_on_aws(places: list[BalancerPlace]) -> None:
    for number, balancer in enumerate(places):
        cloud = balancer.resources.get("cloud")
        if str(cloud).lower() != "aws":
            path = ("service", "route53_hosted_zone") if balancer.added else (*_LIST, number, "resources")
            raise Fault(
                path,
                f"the load balancer of {balancer.region} is on {cloud or 'no named cloud'}, allowed: aws"
                " (route53_hosted_zone needs that of every load balancer)",
            )
