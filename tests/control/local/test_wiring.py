"""Who speaks to whom, without a process."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightshift.balancing.switches import Switches, Topology
from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.plan import FleetPlan
from nightshift.control.local.wiring import Route, wire

PlanOf = Callable[..., FleetPlan]
TWO = {"us-east-2": 2, "ap-northeast-1": 1}
GLOBAL = Switches(topology=Topology.GLOBAL)


def test_regional_fleet_has_a_balancer_in_each_region_and_links_between_peers(plan_of: PlanOf) -> None:
    wiring = wire(plan_of(TWO))

    us, ap = wiring.entries
    assert us.replicas == (
        Route("us-east-2-1", "us-east-2", "us-east-2-1"),
        Route("us-east-2-2", "us-east-2", "us-east-2-2"),
    )
    assert us.peers == (
        Route("ap-northeast-1-balancer", "ap-northeast-1", "us-east-2:ap-northeast-1-balancer"),
    )
    assert ap.peers == (Route("us-east-2-balancer", "us-east-2", "ap-northeast-1:us-east-2-balancer"),)
    assert {(link.source, link.destination, link.target) for link in wiring.links} == {
        ("us-east-2", "ap-northeast-1", "ap-northeast-1-balancer"),
        ("ap-northeast-1", "us-east-2", "us-east-2-balancer"),
    }
    assert wiring.endpoints == {
        "us-east-2": "us-east-2-balancer",
        "ap-northeast-1": "ap-northeast-1-balancer",
    }


@pytest.mark.parametrize(
    ("routing", "name"), [(GLOBAL, "us-east-2-balancer"), (ExternalRouter.SGLANG, "router")]
)
def test_one_entry_is_reached_from_afar_and_reaches_far_replicas_through_links(
    plan_of: PlanOf, routing: Switches | ExternalRouter, name: str
) -> None:
    wiring = wire(plan_of(TWO, routing=routing))

    (entry,) = wiring.entries
    assert (entry.name, entry.region, entry.peers) == (name, "us-east-2", ())
    assert [route.via for route in entry.replicas] == [
        "us-east-2-1",
        "us-east-2-2",
        "us-east-2:ap-northeast-1-1",
    ]
    assert wiring.endpoints == {"us-east-2": name, "ap-northeast-1": f"ap-northeast-1:{name}"}


@pytest.mark.parametrize("routing", [Switches(), GLOBAL])
def test_without_a_wan_everything_is_reached_directly(plan_of: PlanOf, routing: Switches) -> None:
    wiring = wire(plan_of(TWO, routing=routing, wan=False))

    assert wiring.links == ()
    assert all(route.via == route.id for entry in wiring.entries for route in entry.replicas + entry.peers)


_REGION_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["balancer", "a-1", "a", "router", "wan", "a-1-balancer"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    regions=st.dictionaries(_REGION_NAMES, st.integers(0, 3), min_size=1, max_size=5),
    routing=st.sampled_from([Switches(), GLOBAL, ExternalRouter.SGLANG]),
    wan=st.booleans(),
)
def test_any_wiring_is_sound(
    plan_of: PlanOf, regions: dict[str, int], routing: Switches | ExternalRouter, wan: bool
) -> None:
    wiring = wire(plan_of(regions, routing=routing, wan=wan))

    places = {r.id: r.region for r in wiring.replicas} | {e.name: e.region for e in wiring.entries}
    links = {link.name: link for link in wiring.links}
    assert len(places) == len(wiring.replicas) + len(wiring.entries), "two members of one name"
    assert len(links) == len(wiring.links)
    assert not places.keys() & links.keys()
    assert list(wiring.endpoints) == list(regions)
    routes = [(e.region, route) for e in wiring.entries for route in e.replicas + e.peers]
    for source, route in routes:
        crosses = wan and source != route.region
        assert (route.via in links) == crosses
        if crosses:
            link = links[route.via]
            assert (link.source, link.destination, link.target) == (source, route.region, route.id)
    served = [route.id for e in wiring.entries for route in e.replicas]
    assert sorted(served) == sorted(r.id for r in wiring.replicas), "each replica belongs to one balancer"
    assert {link.target for link in wiring.links} <= places.keys()
    assert all(link.source != link.destination for link in wiring.links)
