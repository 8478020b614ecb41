"""Whole systems in virtual time: nothing lost, nothing crosses twice, same seed same trace."""

from collections.abc import Iterator

import pytest
from tests.simulate.talking import Chat

from nightshift.balancing.presets import PRESETS, Preset, preset
from nightshift.balancing.switches import Across, Switches, Topology, ToReplicas
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import SimFleet, build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser

ONE_WAY_S = 0.0675
WAYS = {("a", "b"): ONE_WAY_S, ("b", "a"): ONE_WAY_S}
L4 = PROFILES["l4-llama-3.1-8b"]
SYSTEMS = [one for one in PRESETS if one.id is not None and one.switches is not None]


def chats(name: str) -> Iterator[Chat]:
    number = 0
    while True:
        number += 1
        yield Chat(f"{name}-{number}")


def run(
    switches: Switches,
    users: dict[str, int],
    until_s: float,
    replicas: int = 2,
    allowed: dict[str, frozenset[str]] | None = None,
) -> tuple[list[Served], SimFleet]:
    fleet = build_fleet(
        regions=dict.fromkeys(users, replicas), switches=switches, profile=L4, one_way_s=WAYS, seed=7
    )
    served: list[Served] = []
    for region, count in users.items():
        for number in range(count):
            user = SimUser(
                number=number,
                region=region,
                entry=fleet.entries[region],
                network=fleet.network,
                programs=chats(f"{region}{number}"),
                served=served,
                allowed=None if allowed is None else allowed[region],
            )
            fleet.schedule.at(0.1 * number, user.start)
    fleet.schedule.run(until_s)
    return served, fleet


def switches_of(system: Preset) -> Switches:
    assert system.switches is not None
    return system.switches


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda p: p.suffix)
def test_each_user_has_exactly_one_request_under_way(system: Preset) -> None:
    """Closed loop: a lost request would leave its user with none that moves, a doubled one with two."""
    served, fleet = run(switches_of(system), {"a": 80, "b": 20}, 120)
    under_way = [one for one in served if one.end is None]
    assert not [one.failed for one in served if one.failed]
    assert len(under_way) == 100
    assert len({(one.region, one.user) for one in under_way}) == 100
    assert min(one.sent for one in under_way) > 60, "somebody has waited for half the run"
    assert all(one.hops <= 1 for one in served)
    in_places = sum(len(balancer.core.queue) + len(balancer.core.ledger) for balancer in fleet.balancers)
    crossing = sum(balancer.handed_over for balancer in fleet.balancers)
    assert 90 <= in_places <= 100 + crossing


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda p: p.suffix)
def test_same_seed_same_trace(system: Preset) -> None:
    first, again = (run(switches_of(system), {"a": 40, "b": 10}, 40)[0] for _ in range(2))
    assert first == again
    assert len(first) > 100


def test_overload_of_one_region_is_served_by_the_other() -> None:
    crowd = {"a": 160, "b": 4}
    isolated, _ = run(Switches(across=Across.NONE), crowd, 100, replicas=1)
    for across in (Across.SELECTIVE_PUSH, Across.PUSH, Across.STEAL_AVERAGE, Across.STEAL_SMALL):
        shared, fleet = run(Switches(across=across), crowd, 100, replicas=1)
        assert any(one.served_by == "b" and one.region == "a" for one in shared), across
        assert sum(balancer.handed_over for balancer in fleet.balancers) > 0
        assert done(shared) > 1.1 * done(isolated), across


def done(served: list[Served]) -> int:
    return sum(one.end is not None for one in served)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda p: p.suffix)
def test_nobody_is_served_outside_of_its_regions(system: Preset) -> None:
    """Though the other region has room: users of an overloaded one who must stay, and who must leave it."""
    for allowed in ({"a": frozenset("a"), "b": frozenset("ab")}, {"a": frozenset("b"), "b": frozenset("b")}):
        served, fleet = run(switches_of(system), {"a": 80, "b": 4}, 40, replicas=1, allowed=allowed)
        assert all(one.served_by in {"", *allowed[one.region]} for one in served)
        answered = {one.region for one in served if one.end is not None and not one.failed}
        crosses = len(fleet.balancers) == 1 or switches_of(system).across is not Across.NONE
        assert answered == {region for region, where in allowed.items() if crosses or region in where}
        assert {one.failed for one in served} <= {None, *(() if crosses else ("403 residency",))}


def test_a_lone_user_is_not_held_up() -> None:
    """An engine that never has a request waiting must be seen to take them all the same."""
    served, _ = run(Switches(across=Across.NONE), {"a": 1}, 100, replicas=1)
    times = [one.e2e_s for one in served if one.e2e_s is not None]
    assert sum(times) > 95
    assert max(times) < 4


def test_who_is_refused_pauses_before_the_next_program() -> None:
    no_room = Switches(
        across=Across.NONE, to_replicas=ToReplicas.BY_OUTSTANDING, max_outstanding=0, max_queue=0
    )
    served, _ = run(no_room, {"a": 2}, 9.95)
    assert {one.failed for one in served} == {"429 queue_full"}
    assert len(served) == 20


def test_times_follow_the_way() -> None:
    """A lone request of region b: at home, and through one balancer in region a to a replica in b."""
    alone = {"b": 1}
    step_s = L4.step_ns(prefill_tokens=0, kv_tokens=0, sequences=1) * 1e-9
    at_home, _ = run(Switches(), alone, 1)
    assert at_home[0].ttft_s is not None
    assert step_s < at_home[0].ttft_s < step_s + 0.05
    central = Switches(topology=Topology.GLOBAL)
    fleet = build_fleet(regions={"a": 0, "b": 1}, switches=central, profile=L4, one_way_s=WAYS, seed=1)
    served: list[Served] = []
    user = SimUser(
        number=0,
        region="b",
        entry=fleet.entries["b"],
        network=fleet.network,
        programs=chats("x"),
        served=served,
    )
    user.start()
    fleet.schedule.run(1)
    assert served[0].ttft_s == pytest.approx(at_home[0].ttft_s + 4 * ONE_WAY_S)


def test_a_later_turn_finds_the_conversation_in_the_cache() -> None:
    served, _ = run(Switches(), {"a": 1, "b": 1}, 30, replicas=1)
    turns = [one for one in served if one.region == "a" and one.end is not None][:3]
    assert [one.cached_tokens > 0 for one in turns] == [False, True, True]
    assert all(one.cached_tokens < one.input_tokens for one in turns)


def test_a_queue_forms_where_it_should() -> None:
    """Pull keeps requests in the balancer while the engine is full; blind push fills the engine's queue."""
    crowd = {"a": 200}
    pull, _ = run(Switches(across=Across.NONE), crowd, 40, replicas=1)
    blind, _ = run(switches_of(preset(4)), crowd, 40, replicas=1)
    assert max(one.queued_s for one in pull) > 2
    assert max(one.queued_s for one in blind) == 0
