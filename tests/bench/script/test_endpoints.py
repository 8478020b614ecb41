"""Where the clients of a region ask."""

import asyncio
from typing import Any

import pytest
from tests.bench.script.views import DUBLIN, OHIO, TOKYO, unit, view

from nightshift.balancing.presets import preset
from nightshift.bench.script.endpoints import check_whole, endpoints_of
from nightshift.bench.script.systems import Chosen
from nightshift.errors import UserError

HERE = (OHIO, TOKYO)


def find(system: int, there: dict[str, Any], *regions: str) -> list[str]:
    chosen = Chosen(preset(system), service=there["name"])
    return list(asyncio.run(endpoints_of(chosen, there, regions or HERE)).values())


def test_a_service_without_a_name_is_asked_at_the_nearest_balancer() -> None:
    assert find(2, view()) == ["3.0.0.1:8000", "3.0.0.2:8000"]
    assert find(2, view(), DUBLIN) == ["3.0.0.1:8000"]


def test_a_name_leads_everybody_to_the_nearest_by_itself() -> None:
    assert find(2, view(endpoint="svc3.example.org:8000")) == ["svc3.example.org:8000"] * 2


def test_a_balancer_that_is_not_ready_is_nobodys() -> None:
    there = view()
    there["balancers"][1]["status"] = "STARTING"
    assert find(2, there) == ["3.0.0.1:8000"] * 2


def test_a_region_that_is_nowhere_has_no_endpoint() -> None:
    with pytest.raises(UserError, match="region mars-1 has no endpoint"):
        find(2, view(), "mars-1")


def test_one_router_is_asked_from_everywhere() -> None:
    router = unit("svc1-router-1", OHIO, "3.0.0.9:9001", baseline="sglang-router")
    assert find(0, view("svc1", baselines=[router])) == ["3.0.0.9:9001"] * 2


def test_a_baseline_that_is_not_up_is_named() -> None:
    pull = unit("svc1-router-2", OHIO, "3.0.0.9:9002", baseline="sglang-router-pull")
    starting = unit("svc1-router-1", OHIO, "3.0.0.9:9001", baseline="sglang-router", status="STARTING")
    for baselines in ([], [pull], [starting]):
        with pytest.raises(UserError, match="nightshift baseline up sglang-router --service svc1"):
            find(0, view("svc1", baselines=baselines))


def test_a_service_that_is_not_whole_is_not_measured() -> None:
    check_whole(view())
    for key in ("replicas_ready", "balancers_ready"):
        with pytest.raises(UserError, match="svc3 is not whole"):
            check_whole(view() | {key: 1})
