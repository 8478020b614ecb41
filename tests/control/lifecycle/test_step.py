"""Scenarios of a service's life, in virtual time."""

from dataclasses import replace
from itertools import pairwise

import pytest
from tests.control.lifecycle.world import REGIONS, World, spec

from nightshift.balancing.switches import Across, Switches, Topology
from nightshift.control.lifecycle.progress import LONGEST_PROVISION_S, progress, rules_for
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.seen import Seen
from nightshift.control.lifecycle.states import ServiceState, State
from nightshift.control.providers.base import Kind, Phase, Unit


def up(**changed: object) -> World:
    world = World.of(spec(**changed))  # type: ignore[arg-type]
    world.ticks(12)
    assert world.decided is not None
    assert world.decided.state is ServiceState.READY
    return world


def test_a_service_comes_up_in_turn_over_its_regions() -> None:
    world = up(replicas=4)
    assert world.by_region() == dict(zip(REGIONS, (2, 1, 1), strict=True))
    assert world.ready() == ["svc-r1", "svc-r2", "svc-r3", "svc-r4"]
    assert [row.region for row in world.rows()] == [*REGIONS, REGIONS[0]]  # (k - 1) mod n
    assert world.ready(Kind.BALANCER) == ["svc-b1", "svc-b2", "svc-b3"]


def test_each_balancer_gets_the_replicas_of_its_region_and_all_peers() -> None:
    assignments = up(replicas=4).tick().assignments
    assert assignments["svc-b1"].replicas == ("svc-r1", "svc-r4")
    assert assignments["svc-b2"].replicas == ("svc-r2",)
    assert assignments["svc-b1"].peers == ("svc-b2", "svc-b3")


def test_a_global_system_has_one_balancer_with_all_replicas() -> None:
    switches = Switches(topology=Topology.GLOBAL, across=Across.NONE)
    one = spec(replicas=3, switches=switches)
    world = World.of(replace(one, balancers=one.balancers[:1]))
    decided = world.ticks(12)
    assert decided.assignments["svc-b1"].replicas == ("svc-r1", "svc-r2", "svc-r3")


def test_a_replica_that_dies_is_replaced_in_its_region_at_once() -> None:
    world = up(replicas=3)
    world.kill("svc-r2")
    decided = world.tick()
    assert "svc-r2" not in decided.assignments["svc-b2"].replicas
    world.ticks(8)
    assert world.by_region() == dict.fromkeys(REGIONS, 1)
    assert world.ready() == ["svc-r1", "svc-r3", "svc-r5"]  # 4 would stand in another region
    assert "svc-r2" not in world.units


def test_a_preempted_machine_is_told_from_one_whose_process_ended() -> None:
    world = up(replicas=3)
    world.preempt("svc-r1")
    world.kill("svc-r2")
    world.tick()
    states = {row.name: row.state for row in world.fleet.rows}
    assert (states["svc-r1"], states["svc-r2"]) == (State.PREEMPTED, State.FAILED)


def test_a_replica_that_hangs_gets_nothing_new_then_is_replaced() -> None:
    world = up(replicas=3)
    world.hung.add("svc-r1")
    decided = world.ticks(3)
    assert world.fleet.of(Kind.REPLICA)[0].state is State.NOT_READY
    assert decided.assignments["svc-b1"].draining == {"svc-r1"}
    assert decided.assignments["svc-b1"].replicas == ("svc-r1",)  # what runs there may end well
    world.ticks(40)
    assert "svc-r1" not in world.units
    assert world.by_region() == dict.fromkeys(REGIONS, 1)


def test_a_hiccup_replaces_nobody_and_does_not_flap() -> None:
    world = up(replicas=3)
    world.hung.add("svc-r1")
    world.ticks(4)
    world.hung.clear()
    states = []
    for _ in range(5):
        world.tick()
        states.append(world.fleet.of(Kind.REPLICA)[0].state)
    assert states[-3:] == [State.READY] * 3
    assert world.launched == [f"svc-{n}" for n in ("b1", "b2", "b3", "r1", "r2", "r3")]


def test_replicas_of_a_dead_balancer_go_to_the_nearest_and_come_back() -> None:
    world = up(replicas=3)
    world.kill("svc-b3")
    decided = world.tick()
    assert decided.assignments["svc-b2"].replicas == ("svc-r2", "svc-r3")  # nearer than us-east-2
    assert [row.name for row in decided.published] == ["svc-b1", "svc-b2"]
    assert decided.state is ServiceState.DEGRADED
    decided = world.ticks(8)
    assert decided.assignments["svc-b4"].replicas == ("svc-r3",)
    assert decided.assignments["svc-b2"].replicas == ("svc-r2",)
    assert decided.state is ServiceState.READY


def test_a_controller_that_is_cut_off_from_a_region_changes_nothing_there() -> None:
    world = up(replicas=3)
    before = world.tick().assignments
    world.hung |= {"svc-b3", "svc-r3"}
    decided = world.ticks(6)
    assert "svc-b3" not in decided.assignments  # nothing is pushed to it
    assert decided.assignments["svc-b1"].peers == before["svc-b1"].peers  # it may still be reached by others
    assert decided.terminate == decided.launch == ()
    world.hung.clear()
    assert world.ticks(4).assignments == before


def test_what_cannot_be_launched_is_tried_later_and_later() -> None:
    world = World.of(spec(replicas=3))
    world.refused["eu-central-1"] = "no capacity"
    tried: list[float] = []
    for _ in range(200):
        before = world.fleet.service.next_replica
        world.tick()
        if world.fleet.service.next_replica != before and world.now > 1005:
            tried.append(world.now)
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert 4 <= len(tried) <= 6
    assert world.by_region()["us-east-2"] == 1
    world.refused.clear()
    world.ticks(200)
    assert world.by_region() == dict.fromkeys(REGIONS, 1)


def test_a_permanent_refusal_is_not_tried_again_until_an_update() -> None:
    world = World.of(spec(replicas=3))
    world.refused["eu-central-1"] = "no such region"
    world.ticks(3)
    for row in world.fleet.rows:
        if row.state is State.FAILED_PROVISION:
            world.fleet = world.fleet.with_rows([replace(row, permanent=True)])
    number = world.fleet.service.next_replica
    world.ticks(900)
    assert world.fleet.service.next_replica == number
    world.refused.clear()
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, version=2))
    world.ticks(40)
    assert world.by_region() == dict.fromkeys(REGIONS, 1)


@pytest.mark.parametrize("mode", ["rolling", "blue_green"])
def test_an_update_never_has_fewer_ready_than_it_shall(mode: str) -> None:
    world = up(replicas=6)
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, version=2, mode=mode))
    most = 0
    for _ in range(80):
        decided = world.tick()
        assert len(world.ready()) >= 6
        given = {name for a in decided.assignments.values() for name in a.replicas if name not in a.draining}
        assert len(given) >= 6
        most = max(most, len(world.units) - 3)
    assert {row.version for row in world.rows()} == {2}
    assert len(world.rows()) == 6
    assert most <= (7 if mode == "rolling" else 12)
    assert world.by_region() == dict.fromkeys(REGIONS, 2)


def test_a_draining_replica_ends_what_it_has() -> None:
    world = up(replicas=3)
    world.busy.add("svc-r3")
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, desired=2))
    decided = world.tick()
    assert decided.assignments["svc-b3"].draining == {"svc-r3"}
    world.ticks(10)
    assert "svc-r3" in world.units
    world.busy.clear()
    world.ticks(3)
    assert "svc-r3" not in world.units


def test_a_drain_has_an_end() -> None:
    world = up(replicas=3)
    world.busy.add("svc-r3")
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, desired=2))
    world.ticks(25)
    assert "svc-r3" not in world.units


def test_down_ends_balancers_before_the_replicas_that_answer_for_them() -> None:
    world = up(replicas=3)
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, ending=True))
    world.tick()
    assert world.rows(Kind.BALANCER) == []
    assert len(world.units) == 3
    decided = world.ticks(3)
    assert world.units == {}
    assert decided.is_gone


def test_what_cannot_be_ended_is_said_and_tried_again() -> None:
    world = up(replicas=3)
    world.stuck.add("svc-r1")
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, ending=True))
    decided = world.ticks(5)
    assert decided.state is ServiceState.FAILED_CLEANUP
    assert not decided.is_gone
    world.stuck.clear()
    assert world.ticks(2).is_gone


def test_down_in_the_middle_of_up_leaves_nothing() -> None:
    world = World.of(spec(replicas=4))
    world.ticks(2)
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, ending=True))
    decided = world.ticks(4)
    assert decided.is_gone
    assert world.units == {}


def test_a_machine_that_goes_before_it_was_seen_to_run_is_replaced() -> None:
    world = World.of(spec(replicas=3))
    world.ticks(2)
    assert {row.state for row in world.rows()} == {State.PROVISIONING}
    world.units.pop("svc-b1")
    world.units.pop("svc-r1")
    world.ticks(20)
    assert world.by_region() == dict.fromkeys(REGIONS, 1)
    assert world.ready(Kind.BALANCER) == ["svc-b2", "svc-b3", "svc-b4"]


def test_a_machine_that_is_never_made_is_given_up() -> None:
    world = World.of(spec(replicas=3))
    world.launch_takes = 10**9
    world.ticks(3)
    assert {row.state for row in world.rows()} == {State.PROVISIONING}
    world.now += LONGEST_PROVISION_S
    world.tick()
    broken = [row for row in world.fleet.rows if row.state is State.FAILED_PROVISION]
    assert len(broken) == 6
    assert "not there after 3600 s" in broken[0].problem


def test_what_a_provider_calls_permanent_is_not_tried_again() -> None:
    row = UnitRow("svc-r1", "svc", Kind.REPLICA, 1, 1, REGIONS[0], 0, State.PROVISIONING, 0.0, 0.0)
    unit = Unit("svc-r1", Kind.REPLICA, REGIONS[0], Phase.FAILED, problem="quota of zero", permanent=True)
    failed = progress(1.0, row, Seen(unit), rules_for(Kind.REPLICA, spec()))
    assert (failed.state, failed.permanent) == (State.FAILED_PROVISION, True)


def test_a_place_that_had_none_when_fewer_were_wanted_gets_its_share_later() -> None:
    world = World.of(spec(replicas=4))
    world.refused[REGIONS[2]] = "no capacity"
    world.ticks(12)
    assert world.by_region() == {REGIONS[0]: 2, REGIONS[1]: 1, REGIONS[2]: 0}
    world.spec = replace(world.spec, scaling=replace(world.spec.scaling, least=3, most=3))
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, desired=3))
    world.ticks(60)
    assert world.by_region() == {REGIONS[0]: 2, REGIONS[1]: 1, REGIONS[2]: 0}, "what is there stays"
    world.refused.clear()
    for _ in range(400):
        world.tick()
        assert len(world.ready()) >= 3, "nobody leaves before the other is ready"
    assert world.by_region() == dict.fromkeys(REGIONS, 1)
    launched = list(world.launched)
    world.ticks(60)
    assert world.launched == launched
