"""Plans that would start and never work are refused."""

from collections.abc import Callable

import pytest

from nightshift.balancing.switches import Across, Switches, Topology
from nightshift.control.local.plan import Engine, FleetPlan, checked
from nightshift.errors import UserError

PlanOf = Callable[..., FleetPlan]
ALONE = Switches(across=Across.NONE)


@pytest.mark.parametrize(
    ("regions", "rest", "message"),
    [
        ({}, {}, "has no region"),
        ({"a": 0, "b": 0}, {}, "has no replica; give"),
        ({"a": 1, "b": 1}, {"ports": (8000, 8000)}, "port 8000 is given twice"),
        ({"a": 1}, {"engine": Engine.LLAMA_CPP, "speed": 2.0}, "real time"),
        ({"a": 1, "b": 0}, {"routing": ALONE}, "region b has no replica"),
        (
            {"a": 1, "b": 1},
            {"routing": Switches(topology=Topology.GLOBAL), "wan": False, "ports": (8000, 8001)},
            "region b has a port",
        ),
    ],
)
def test_refused(plan_of: PlanOf, regions: dict[str, int], rest: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        checked(plan_of(regions, **rest))


@pytest.mark.parametrize(
    ("regions", "rest"),
    [
        ({"a": 1, "b": 0}, {}),
        ({"a": 1, "b": 0}, {"routing": Switches(topology=Topology.GLOBAL, across=Across.NONE)}),
        ({"a": 1, "b": 1}, {"routing": Switches(topology=Topology.GLOBAL), "ports": (8000, 8001)}),
        ({"a": 1}, {"engine": Engine.LLAMA_CPP}),
    ],
)
def test_accepted(plan_of: PlanOf, regions: dict[str, int], rest: dict[str, object]) -> None:
    plan = plan_of(regions, **rest)
    assert checked(plan) is plan
