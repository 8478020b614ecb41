"""Options become an experiment, with the defaults of the engine; what does not go together is refused."""

from pathlib import Path
from typing import Any

import pytest

from nightshift.bench.compare.building import experiment_of
from nightshift.bench.compare.experiment import Experiment, RegionLoad, Time
from nightshift.bench.compare.options import Options
from nightshift.errors import UserError


def made(**options: Any) -> Experiment:
    return experiment_of(Options(**options), name=None, output_dir=Path("out"))


def test_without_options_it_is_the_default_load() -> None:
    found = made()
    assert found.name == "arena_syn_u60_30_d200"
    assert [load.users for load in found.regions] == [60, 30]
    assert [load.replicas for load in found.regions] == [2, 2]
    assert found.workload_arguments == {"num_conv": 2000, "data_set": "sharegpt"}
    assert (found.duration_s, found.warmup_s, found.speed, found.repetitions) == (200, 20, 6, 1)
    assert len(found.systems) == 7


def test_the_steps_of_the_original_as_they_stand() -> None:
    extra = "--workload arena_syn --duration 240 --num-conv 1000 --num-users 150"
    found = made(regions=["us-east-2", "ap-northeast-1"], extra_args=extra, systems=["2", "5"])
    assert found.regions == (RegionLoad("us-east-2", 2, 150), RegionLoad("ap-northeast-1", 2, 150))
    assert found.duration_s == 240
    assert found.arguments_of(found.regions[0])["num_conv"] == 1000


def test_regions_have_their_own_arguments() -> None:
    own = '{"us-east-2":"--num-users 100","ap-northeast-1":"--num-users 50 --num-conv 700"}'
    found = made(region_to_args=own, extra_args="--workload arena_syn --duration 240", replicas=3)
    assert [load.users for load in found.regions] == [100, 50]
    assert [load.replicas for load in found.regions] == [3, 3]
    assert found.region_arguments == {"ap-northeast-1": {"num_conv": 700}}


def test_a_region_with_replicas_alone() -> None:
    found = made(regions=["us-east-2=1:4", "eu-central-1=2:0"])
    assert found.regions[1] == RegionLoad("eu-central-1", 2, 0)
    found.check()


def test_other_workloads_have_their_own_defaults() -> None:
    assert made(extra_args="--workload tot", regions=["us-east-2=1:4"]).workload_arguments == {}


def test_repetitions_count_the_seed_up_and_shuffle() -> None:
    found = made(extra_args="--seed 7", repeat=6)
    assert [found.seed_of(k) for k in (1, 2, 6)] == [7, 8, 12]
    assert found.arguments_of(found.regions[0], 3)["seed"] == "9"
    orders = {found.order_of(k) for k in range(1, 7)}
    assert len(orders) > 1
    assert all(set(order) == set(found.systems) for order in orders)
    assert made(extra_args="--seed 7").order_of(1) == found.order_of(1), "more repetitions change none"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regions": ["us-east-2"], "region_to_args": "{}"}, "one of --regions and --region-to-args"),
        ({"region_to_args": "{"}, "--region-to-args is not JSON"),
        ({"regions": ["us-east-2"]}, "how many users does us-east-2 have"),
        ({"regions": ["us-east-2", "us-east-2"], "num_users": 3}, "names a region twice"),
        ({"regions": ["us-east-2=1:1", "us-east-2=1:1"]}, "names us-east-2 twice"),
        ({"duration": 30, "extra_args": "--duration 40"}, "--duration is given beside --extra-args"),
        ({"extra_args": "--num-turns 4"}, "workload arena_syn has no flag --num-turns"),
        ({"extra_args": "--seed twelve"}, "--seed is one whole number"),
        ({"extra_args": "--model m"}, "--model is for given endpoints"),
        ({"time": "virtual", "speed": 2}, "no use for --speed"),
        ({"time": "virtual", "engine": "llama.cpp"}, "no use for --engine llama.cpp"),
        ({"endpoints": ["us-east-2=a:1"], "systems": ["5"]}, "where do the clients stand"),
        (
            {"endpoints": ["us-east-2=a:1"], "regions": ["us-east-2"], "num_users": 1, "profile": "instant"},
            "is of which system",
        ),
        (
            {
                "endpoints": ["us-east-2=a:1"],
                "regions": ["us-east-2"],
                "num_users": 1,
                "profile": "instant",
                "systems": ["5"],
            },
            "are for fleets that are started here",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        made(**options)


def test_a_foreign_program_without_stand_in_has_no_virtual_time() -> None:
    assert made(time="virtual", systems=["0"]).time is Time.VIRTUAL


def test_given_endpoints_are_asked_by_region() -> None:
    found = made(
        endpoints=["us-east-2=127.0.0.1:1", "eu-central-1=127.0.0.1:2"],
        regions=["us-east-2", "eu-central-1"],
        systems=["nightshift"],
        extra_args="--num-users 4 --model m",
    )
    target = found.targets["nightshift"]
    assert target.endpoints == {"us-east-2": "127.0.0.1:1", "eu-central-1": "127.0.0.1:2"}
    assert "were not sampled: 127.0.0.1:1 tells nothing of its load" in target.note
    assert not target.sources
    assert (found.model, found.speed, found.is_emulated) == ("m", 1.0, False)
    assert [load.replicas for load in found.regions] == [0, 0]
    found.check()
