"""Endpoints and services that are up: each region needs its own, each system its service."""

from pathlib import Path

import pytest

from nightshift.bench.compare.experiment import parse_systems
from nightshift.bench.compare.given import targets_of
from nightshift.errors import UserError

REGIONS = ["us-east-2", "eu-central-1"]


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        (["us-east-2=a:1"], "region eu-central-1 has no endpoint"),
        (["us-east-2"], r"not of the form \[SYSTEM/\]REGION=HOST:PORT"),
        (["us-east-2=a:1", "us-east-2=b:1"], "us-east-2 is given twice"),
        (["us-east-2=a:1", "eu-central-1=b:1", "sa-east-1=c:1"], "nobody asks from sa-east-1"),
    ],
)
def test_endpoints_that_do_not_fit_the_regions(endpoints: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        targets_of(parse_systems("5"), REGIONS, (), endpoints, None)


OF_TWO = ["5/us-east-2=a:1", "5/eu-central-1=b:1", "nightshift/us-east-2=c:1", "nightshift/eu-central-1=d:1"]


def test_each_of_several_systems_has_endpoints_of_its_own() -> None:
    found = targets_of(parse_systems("5,nightshift"), REGIONS, (), OF_TWO, None)
    assert {suffix: dict(target.endpoints) for suffix, target in found.items()} == {
        "sky_pull_pull_rate_limit": {"us-east-2": "a:1", "eu-central-1": "b:1"},
        "nightshift": {"us-east-2": "c:1", "eu-central-1": "d:1"},
    }
    (alone,) = targets_of(parse_systems("5"), REGIONS, (), ["us-east-2=a:1", "5/eu-central-1=b:1"], None)
    assert alone == "sky_pull_pull_rate_limit"


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        (["us-east-2=a:1"], r"is of which system\? .*say it as in sky_pull_pull_rate_limit/us-east-2=a:1"),
        (["4/us-east-2=a:1"], r"names no system of --systems, which has 5 \(sky"),
        (
            OF_TWO[:3],
            r"region eu-central-1 has no endpoint of system .*add nightshift/eu-central-1=HOST:PORT",
        ),
        ([*OF_TWO, "7/us-east-2=e:1"], "7/us-east-2 is given twice"),
        (["/us-east-2=a:1"], "is not of the form"),
        (
            [*OF_TWO[:2], "7/us-east-2=a:1", "7/eu-central-1=b:1"],
            "have the same addresses; each system runs at its own",
        ),
    ],
)
def test_endpoints_that_do_not_fit_the_systems(endpoints: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        targets_of(parse_systems("5,nightshift"), REGIONS, (), endpoints, None)


@pytest.fixture
def no_controller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "none"))


@pytest.mark.usefixtures("no_controller")
@pytest.mark.parametrize(
    ("systems", "names", "gke", "message"),
    [
        ("2,5", ["svc1"], None, "has 1 names, 2 are wanted, in this order"),
        ("2,6", ["svc1"], None, "system 6 needs --gke-endpoint"),
        ("2,5", ["svc1", "svc1"], None, "svc1 is given twice"),
        ("2", ["nobody-has-this"], None, "no service 'nobody-has-this'"),
    ],
)
def test_names_that_do_not_fit_the_systems(
    systems: str,
    names: list[str],
    gke: str | None,
    message: str,
) -> None:
    with pytest.raises(UserError, match=message):
        targets_of(parse_systems(systems), REGIONS, names, (), gke)


def test_a_gateway_and_an_address_need_no_service() -> None:
    found = targets_of(parse_systems("5,6"), REGIONS, ["10.0.0.1:80"], (), "gke:80")
    assert found["gke_gateway"].endpoints == dict.fromkeys(REGIONS, "gke:80")
    assert found["sky_pull_pull_rate_limit"].shown == dict.fromkeys(REGIONS, "10.0.0.1:80")


def test_only_one_of_the_two_ways() -> None:
    with pytest.raises(UserError, match="one of --endpoints and --service-names"):
        targets_of(parse_systems("5"), REGIONS, ["a:1"], ["us-east-2=a:1"], None)


def test_nothing_given_is_a_fleet_of_our_own() -> None:
    assert targets_of(parse_systems("5"), REGIONS, (), (), None) == {}
