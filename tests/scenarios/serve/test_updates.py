"""A service is changed under load, and no request is lost."""

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports, until
from tests.scenarios.serve.load import Load


def names(view: dict[str, list[dict[str, str]]], kind: str = "replicas") -> list[str]:
    return [unit["name"] for unit in view[kind] if not unit["gone"]]


@pytest.mark.long
@pytest.mark.parametrize("mode", ["rolling", "blue_green"])
def test_replicas_are_replaced_without_a_lost_request(bed: Bed, mode: str) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.cli("up", str(bed.file(ports, replicas=2)), "-y")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(10)
        balancers = names(bed.view(), "balancers")
        changed = bed.file(ports, replicas=2, profile="a100-llama-3.1-8b")
        bed.cli("update", "demo", str(changed), "-y", "--mode", mode)
        load.until_answered(10)
        view = bed.until(lambda view: len(names(view)) == 2, "the old ones are gone")
    assert load.failed() == []
    assert load.lost() == []
    assert names(view) == ["demo-r3", "demo-r4"]
    assert {unit["version"] for unit in view["replicas"] + view["balancers"]} == {2}
    assert names(view, "balancers") == balancers
    profiles = [bed.record(name)["argv"] for name in names(view)]
    assert all("a100-llama-3.1-8b" in argv for argv in profiles)
    regions = [unit["region"] for unit in view["replicas"]]
    assert sorted(regions) == sorted([HERE, THERE])


@pytest.mark.long
def test_limits_and_switches_reach_balancers_and_replace_nobody(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    endpoints = {region: f"127.0.0.1:{port}" for region, port in ports.items()}
    bed.cli("up", str(bed.file(ports, replicas=2)), "-y")
    with Load(endpoints) as load:
        load.until_answered(10)
        programs = sorted(bed.processes())
        tight = bed.file(ports, replicas=2, limits={"body_bytes": 100}, load_balancing_policy="round_robin")
        bed.cli("update", "demo", str(tight), "-y")
        with Load(endpoints) as fresh:  # a connection that is open keeps its limits
            until(lambda: {one.region for one in fresh.failed()} == {HERE, THERE}, "both have been asked")
        assert {one.ending.status for one in fresh.asked if one.ending} == {413}, "in force on return"
        assert bed.view()["load_balancing_policy"] == "round_robin"
        bed.cli("update", "demo", str(bed.file(ports, replicas=2)), "-y")
        with Load(endpoints) as fresh:
            fresh.until_answered(5)
        load.until_answered(10)
        assert sorted(bed.processes()) == programs
    assert fresh.failed() == []
    assert {one.ending.status for one in load.failed() if one.ending} <= {413}, "handed over to the other"
    assert load.lost() == []
