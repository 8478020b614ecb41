"""What is compared is read from the command line's words, and refused with the known ones."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from nightshift.bench.compare.experiment import Experiment, RegionLoad, parse_regions, parse_systems
from nightshift.bench.compare.run import in_a_new_folder
from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.plan import Engine
from nightshift.errors import UserError

MakeExperiment = Callable[..., Experiment]


def test_systems_by_number_range_and_name() -> None:
    assert [s.id for s in parse_systems("0-6")] == [0, 1, 2, 3, 4, 5, 6]
    assert [s.id for s in parse_systems("5, sgl,nightshift 5")] == [5, 0, 7]


@pytest.mark.parametrize("text", ["9", "0-9", "best", "", ","])
def test_an_unknown_system_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(UserError, match=r"known are 0 \(sgl\)"):
        parse_systems(text)


def test_regions() -> None:
    assert parse_regions("us-east-2=2:60, eu-central-1=1:0") == (
        RegionLoad("us-east-2", 2, 60),
        RegionLoad("eu-central-1", 1, 0),
    )
    assert [load.users for load in parse_regions("a=1:2,b=1:3", num_users=9)] == [9, 9]


@pytest.mark.parametrize("text", ["us-east-2", "us-east-2=2", "=2:3", "a=x:1", "a=1:-1", "a=²:1", ""])
def test_a_malformed_region_is_shown_with_the_form(text: str) -> None:
    with pytest.raises(UserError, match="REGION=REPLICAS:USERS"):
        parse_regions(text)


def test_nobody_asks() -> None:
    with pytest.raises(UserError, match="nobody asks"):
        parse_regions("us-east-2=2:0")


def test_all_systems_get_the_same_fleet_but_for_the_routing(make_experiment: MakeExperiment) -> None:
    trial = make_experiment()
    trial.check()
    plans = [trial.fleet_plan(system) for system in trial.systems]
    assert plans[0].routing is ExternalRouter.SGLANG
    assert {(p.regions, p.engine, p.profile, p.speed, p.seed, str(p.wan)) for p in plans} == {
        (plans[0].regions, Engine.EMULATED, "instant", 2, 3, str(plans[0].wan))
    }
    assert len({p.log_dir for p in plans}) == 7


def test_each_region_has_its_users(make_experiment: MakeExperiment) -> None:
    trial = make_experiment(users=7)
    assert trial.arguments_of(trial.regions[0])["num_users"] == 7


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"duration_s": 10.0}, "--warmup 10 leaves nothing"), ({"users": 1000}, "too few for --num-users")],
)
def test_what_cannot_run_is_refused_before_anything_starts(
    make_experiment: MakeExperiment, wrong: dict[str, float], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make_experiment(**wrong).check()


def test_an_unknown_profile_is_refused_with_the_known_ones(make_experiment: MakeExperiment) -> None:
    with pytest.raises(UserError, match="no engine profile 'nope'; there are l4-"):
        replace(make_experiment(), profile="nope").check()


def test_a_missing_package_of_a_later_system_is_noticed_before_the_first(
    make_experiment: MakeExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    make_experiment(systems="1-6").check()
    with pytest.raises(UserError, match="sglang-router is not installed"):
        make_experiment(systems="5,0").check()


def test_a_folder_is_never_overwritten(make_experiment: MakeExperiment) -> None:
    trial = make_experiment()
    names = []
    for _ in range(3):
        fresh = in_a_new_folder(trial)
        fresh.folder.mkdir()
        names.append(fresh.name)
    assert names == ["trial", "trial_v1", "trial_v2"]


def test_an_unknown_region_is_refused_even_alone(make_experiment: MakeExperiment) -> None:
    trial = replace(make_experiment(systems="5"), regions=(RegionLoad("mars", 1, 1),))
    with pytest.raises(UserError, match=r"unknown region 'mars': matrix .* knows"):
        trial.check()
