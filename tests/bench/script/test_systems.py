"""Which system runs on which service: number, order, and what each really runs."""

import pytest
from tests.bench.script.views import view

from nightshift.balancing.presets import PRESETS, preset
from nightshift.bench.script.systems import BASELINES, check, pair
from nightshift.control.baselines.command import RouterKind
from nightshift.errors import UserError

ALL = [preset(number) for number in range(7)]
NAMES = [f"svc{number}" for number in range(1, 7)]


def test_names_are_for_the_systems_in_their_order() -> None:
    found = pair(ALL, NAMES, "1.2.3.4:80")
    assert [one.service for one in found] == [*NAMES, None]
    assert found[-1].endpoint == "1.2.3.4:80"
    assert [one.service for one in pair([preset(2), preset(4)], ["a", "b"], None)] == ["a", "b"]
    assert [one.service for one in pair([preset(6)], [], "gke:80")] == [None]


def test_a_number_of_names_that_is_wrong_names_the_systems_that_want_one() -> None:
    with pytest.raises(
        UserError, match=r"has 1 names, 2 are wanted, in this order: 2 \(sky_pull_pull\), 4 \(sky_push"
    ):
        pair([preset(2), preset(4), preset(6)], ["a"], "gke:80")
    with pytest.raises(UserError, match="1 names, 0 are wanted, in this order: none"):
        pair([preset(6)], ["a"], "gke:80")


def test_the_gateway_needs_its_endpoint() -> None:
    with pytest.raises(UserError, match="--gke-endpoint"):
        pair(ALL, NAMES, None)


def test_no_service_has_two_systems() -> None:
    with pytest.raises(UserError, match="given twice"):
        pair([preset(2), preset(4)], ["a", "a"], None)


def test_a_name_with_a_port_is_an_endpoint() -> None:
    (found,) = pair([preset(2)], ["10.0.0.1:8000"], None)
    assert (found.service, found.endpoint) == (None, "10.0.0.1:8000")


def test_every_program_that_is_not_ours_stands_before_a_service() -> None:
    """Under the name that `nightshift baseline up` has for it."""
    for system in PRESETS:
        if system.external is not None:
            assert BASELINES[system.suffix] == system.external
    assert set(BASELINES.values()) == {kind.value for kind in RouterKind}


def test_a_service_in_the_wrong_place_is_found() -> None:
    two, four = pair([preset(2), preset(4)], ["svc5", "svc3"], None)
    with pytest.raises(
        UserError, match=r"svc5 runs sky_push_push, and is named for system 2 \(sky_pull_pull\)"
    ):
        check(two, view("svc5", "sky_push_push"))
    with pytest.raises(UserError, match="svc3 runs sky_pull_pull"):
        check(four, view("svc3", "sky_pull_pull"))


def test_what_stands_before_a_service_is_not_its_system() -> None:
    zero, two = pair([preset(0), preset(2)], ["svc1", "svc3"], None)
    assert check(zero, view("svc1")) == ""
    assert check(two, view()) == ""
    assert "switches that no preset has" in check(two, view(system="custom"))
