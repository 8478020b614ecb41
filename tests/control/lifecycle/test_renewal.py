"""Which replicas an update replaces."""

from dataclasses import replace

from tests.control.lifecycle.world import REGIONS, World, spec

from nightshift.control.lifecycle.renewal import renewed
from nightshift.control.lifecycle.states import State
from nightshift.control.local.plan import Engine
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import LocalEngine, Placeable, Scaling, ServiceSpec


def up(made: ServiceSpec) -> World:
    world = World.of(made)
    world.ticks(12)
    return world


def update(world: World, after: ServiceSpec) -> None:
    world.fleet = renewed(world.now, world.spec, after, world.fleet, "rolling")
    world.spec = after


def test_other_limits_replace_nobody() -> None:
    world = up(spec(replicas=4))
    before = world.ready()
    update(world, replace(world.spec, balancer_settings={"limits": {"total_s": 9.0}}))
    world.ticks(30)
    assert world.ready() == before


def test_more_replicas_replace_nobody_whatever_the_order_of_places() -> None:
    us, eu = Placeable(REGIONS[0]), Placeable(REGIONS[1])
    world = up(replace(spec(replicas=4), places=(us, eu)))
    before = set(world.ready())
    update(world, replace(world.spec, places=(us, us, eu), scaling=Scaling(6, 6)))
    world.ticks(30)
    assert before < set(world.ready())
    assert world.by_region() == {REGIONS[0]: 4, REGIONS[1]: 2}


def test_another_engine_replaces_all() -> None:
    world = up(spec(replicas=4))
    before = set(world.ready())
    update(world, replace(world.spec, engine=LocalEngine(Engine.EMULATED, model="another")))
    world.ticks(60)
    assert before.isdisjoint(world.ready())
    assert len(world.ready()) == 4


def test_a_balancer_that_is_to_listen_elsewhere_is_replaced() -> None:
    world = up(spec(replicas=3))
    before = {row.region: row.name for row in world.rows(Kind.BALANCER, State.READY)}
    first, *others = world.spec.balancers
    update(world, replace(world.spec, balancers=(replace(first, host="0.0.0.0"), *others)))
    world.ticks(60)
    after = {row.region: row.name for row in world.rows(Kind.BALANCER, State.READY)}
    moved = [region for region in REGIONS if after[region] != before[region]]
    assert moved == [REGIONS[0]]


def test_a_region_that_is_left_out_is_left() -> None:
    world = up(spec(replicas=3))
    update(world, replace(world.spec, places=world.spec.places[:2], balancers=world.spec.balancers[:2]))
    world.ticks(60)
    assert world.by_region() == {REGIONS[0]: 2, REGIONS[1]: 1}
    assert not [row for row in world.rows() if row.region == REGIONS[2]]
