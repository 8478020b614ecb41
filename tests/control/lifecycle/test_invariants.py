"""What holds whatever happens, and wherever the controller dies."""

from dataclasses import replace

from hypothesis import Phase as Of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.control.lifecycle.world import REGIONS, World, spec

from nightshift.control.lifecycle.states import LIVING, State
from nightshift.control.providers.base import Kind, Phase

TROUBLES = st.sampled_from(["none", "kill", "preempt", "hang", "heal", "refuse", "accept", "scale", "update"])


def troubled(world: World, what: str, number: int) -> None:
    names = sorted(world.units)
    name = names[number % len(names)] if names else ""
    service = world.fleet.service
    if what == "kill" and name:
        world.kill(name)
    elif what == "preempt" and name and world.units[name] is Phase.RUNNING:
        world.preempt(name)
    elif what == "hang" and name:
        world.hung.add(name)
    elif what == "heal":
        world.hung.clear()
    elif what == "refuse":
        world.refused[REGIONS[number % 3]] = "no capacity"
    elif what == "accept":
        world.refused.clear()
    elif what == "scale":
        world.fleet = replace(world.fleet, service=replace(service, desired=1 + number % 7))
    elif what == "update":
        mode = ("rolling", "blue_green")[number % 2]
        world.fleet = replace(world.fleet, service=replace(service, version=service.version + 1, mode=mode))


# Without shrinking: one example is hundreds of steps, and to shrink one takes minutes.
BOUNDED = settings(deadline=None, phases=[Of.explicit, Of.reuse, Of.generate], report_multiple_bugs=False)

EVENTS = st.lists(st.tuples(TROUBLES, st.integers(0, 50), st.none() | st.integers(0, 4)), max_size=40)


@settings(BOUNDED, max_examples=30)
@example(  # fewer are wanted while a place can have none
    events=[("refuse", 32, None), ("preempt", 5, 1), ("hang", 49, None), ("scale", 44, None), ("none", 24, 3)]
)
@given(events=EVENTS)
def test_nothing_is_launched_twice_or_orphaned_and_all_comes_right(
    events: list[tuple[str, int, int | None]],
) -> None:
    world = World.of(spec(replicas=4))
    for what, number, die_after in events:
        troubled(world, what, number)
        world.tick(die_after)
        known = {row.name for row in world.fleet.rows if row.gone is None}
        assert world.units.keys() <= known  # nothing runs that is not written down
        assert len(set(world.launched)) == len(world.launched)  # no name is launched twice
        for place in range(3):
            here = [r for r in world.rows(Kind.BALANCER) if r.place == place]
            assert len(here) <= 1  # they share a port
    world.hung.clear()
    world.refused.clear()
    world.ticks(400)
    desired = world.fleet.service.desired
    assert len(world.ready()) == desired
    assert len(world.ready(Kind.BALANCER)) == 3
    assert max(world.by_region().values()) - min(world.by_region().values()) <= 1
    assert {row.version for row in world.rows() if row.state in LIVING} == {world.fleet.service.version}
    world.fleet = replace(world.fleet, service=replace(world.fleet.service, ending=True))
    assert world.ticks(30).is_gone
    assert world.units == {}


@settings(BOUNDED, max_examples=30)
@given(events=EVENTS)
def test_every_ready_replica_has_exactly_one_balancer_while_there_is_one(
    events: list[tuple[str, int, int | None]],
) -> None:
    world = World.of(spec(replicas=4))
    for what, number, _ in events:
        troubled(world, what, number)
        decided = world.tick()
        ready = {
            row.name for row in decided.fleet.rows if row.kind is Kind.REPLICA and row.state is State.READY
        }
        given_to = [
            name for a in decided.assignments.values() for name in a.replicas if name not in a.draining
        ]
        assert len(set(given_to)) == len(given_to)
        assert set(given_to) == (ready if decided.assignments else set())
