import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nightshift.bench.compare.building import experiment_of
from nightshift.bench.compare.experiment import Experiment, RegionLoad
from nightshift.bench.compare.options import Options
from nightshift.bench.sweep.kinds import LoadKind
from nightshift.bench.sweep.ladder import LadderStep, ladder, split
from nightshift.bench.sweep.run import run_sweep, write_pictures
from nightshift.errors import NightshiftError, UserError

KNEE = 60


def experiment(tmp_path: Path, **changes: Any) -> Experiment:
    options = Options(
        systems=["0,5"], regions=["us-east-2=2:20", "ap-northeast-1=2:10"], time="virtual", **changes
    )
    return experiment_of(options, name="ladder", output_dir=tmp_path)


def measured(experiment: Experiment, command: Sequence[str]) -> None:
    """Write what a run of a queue would have: throughput rises to its knee, latency after it."""
    users = sum(region.users for region in experiment.regions)
    rows = [
        {
            "id": system.id,
            "suffix": system.suffix,
            "legend": system.legend,
            "weighted_token_per_s": 100.0 * min(users, KNEE),
            "e2e_s": {"mean": 5.0 * max(users, KNEE) / KNEE},
            "ttft_s": {"p50": 0.2 * max(users, KNEE) / KNEE, "p90": 1.0},
            "prefix_hit_rate": None,
            "failed": 0,
        }
        for system in experiment.systems
    ]
    experiment.folder.mkdir(parents=True, exist_ok=True)
    run = {
        "workload": experiment.workload,
        "engine": "e",
        "emulated": True,
        "time": "virtual",
        "data": "made up",
    }
    (experiment.folder / "run.json").write_text(json.dumps(run))
    (experiment.folder / "summary.json").write_text(json.dumps({"systems": rows}))


def run_all(
    folder: Path, steps: Sequence[LadderStep], run: Callable[[Experiment, Sequence[str]], Any] = measured
) -> dict[str, Any]:
    return run_sweep(folder, LoadKind.USERS, steps, run=run, command=["c"], begin=lambda _number, _step: None)


def test_users_are_split_as_the_regions_say() -> None:
    regions = (RegionLoad("a", 1, 20), RegionLoad("b", 1, 10), RegionLoad("c", 1, 0))
    for users in (1, 7, 30, 100):
        parts = split(regions, users)
        assert sum(region.users for region in parts) == users
        assert parts[2].users == 0
    assert [region.users for region in split(regions, 30)] == [20, 10, 0]


def test_steps_rise_and_have_folders_of_their_own(tmp_path: Path) -> None:
    base = experiment(tmp_path)
    steps = ladder(base, LoadKind.USERS, [60, 15, 60])
    assert [step.load for step in steps] == [15, 60]
    assert [step.experiment.folder for step in steps] == [base.folder / "users-15", base.folder / "users-60"]


@pytest.mark.parametrize("loads", [[], [0.0], [-3.0], [7.5]])
def test_loads_that_cannot_be(tmp_path: Path, loads: list[float]) -> None:
    with pytest.raises(UserError, match="--loads"):
        ladder(experiment(tmp_path), LoadKind.USERS, loads)


def test_a_rate_multiplies_the_workloads_own(tmp_path: Path) -> None:
    base = experiment(tmp_path, workload="diurnal")
    steps = ladder(base, LoadKind.RATE, [0.5, 2.0])
    assert [s.experiment.workload_arguments["conversations_per_user"] for s in steps] == [2.0, 8.0]
    with pytest.raises(UserError, match="has no rate"):
        ladder(experiment(tmp_path), LoadKind.RATE, [1.0])


def starts_of(trial: Experiment, region: str) -> list[float]:
    place = next(one for one in trial.regions if one.name == region)
    programs = [program for own in trial.workload_of(place, 1).users(region) for program in own]
    return sorted(program.start_s for program in programs if program.start_s is not None)


@pytest.mark.parametrize("words", ["", "--format burstgpt --rate 3", "--scale 2 --format mooncake"])
def test_a_rate_brings_the_requests_of_a_made_trace_closer(tmp_path: Path, words: str) -> None:
    once, twice = ladder(
        experiment(tmp_path, workload="trace", extra_args=words, duration=60), LoadKind.RATE, [1, 2]
    )
    for region in ("us-east-2", "ap-northeast-1"):
        own, faster = (starts_of(step.experiment, region) for step in (once, twice))
        assert len(own) > 10
        assert [start / 2 for start in own] == pytest.approx(faster[: len(own)])
        assert len(faster) > 1.3 * len(own)


def test_a_rate_brings_the_requests_of_a_file_closer(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    rows = [f"2023-11-16 18:15:{second:02d},{100 + second},20" for second in range(40)]
    path.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]))
    own = {"us-east-2": "--num-users 1 --share 0/2", "ap-northeast-1": "--num-users 1 --share 1/2 --scale 4"}
    options = Options(
        systems=["5"],
        region_to_args=json.dumps(own),
        time="virtual",
        workload="trace",
        extra_args=f"--data-path {path}",
    )
    half, double = ladder(experiment_of(options, name="ladder", output_dir=tmp_path), LoadKind.RATE, [0.5, 2])
    for region, scale in (("us-east-2", 1), ("ap-northeast-1", 4)):
        slow, fast = (starts_of(step.experiment, region) for step in (half, double))
        assert len(slow) == len(fast) == 20
        assert slow[-1] == pytest.approx(4 * fast[-1])
        assert fast[1] - fast[0] == pytest.approx(2 * scale / 2)


def test_the_knee_is_found_and_drawn(tmp_path: Path) -> None:
    base = experiment(tmp_path)
    steps = ladder(base, LoadKind.USERS, [15, 30, 60, 90])
    found = run_all(base.folder, steps)
    assert [row["knee"] for row in found["systems"]] == [{"load": 60.0, "inside": True}] * 2
    page = write_pictures(base.folder, found).read_text(encoding="utf-8")
    assert "virtual time (simulated)" in page
    assert "Prefix hit rate over load" in page
    assert "no step has this figure" in page
    assert page.count("data:image/png;base64,") == 3
    assert {"sweep-ttft.png", "sweep-ttft.svg", "sweep-ttft.csv"} <= {
        p.name for p in (base.folder / "figures").iterdir()
    }


def test_an_interrupted_sweep_keeps_what_it_has_and_goes_on(tmp_path: Path) -> None:
    base = experiment(tmp_path)
    steps = ladder(base, LoadKind.USERS, [15, 30, 60])

    def broken(one: Experiment, command: Sequence[str]) -> None:
        if one.name == "users-30":
            raise NightshiftError("stopped")
        measured(one, command)

    with pytest.raises(NightshiftError, match="stopped"):
        run_all(base.folder, steps, broken)
    kept = json.loads((base.folder / "sweep.json").read_text())
    assert [step["done"] for step in kept["steps"]] == [True, False, False]
    assert [point["load"] for point in kept["systems"][0]["points"]] == [15]
    assert [step["done"] for step in run_all(base.folder, steps)["steps"]] == [True, True, True]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    base = replace(experiment(tmp_path), name="other")
    base.folder.mkdir()
    (base.folder / "mine").write_text("kept")
    with pytest.raises(UserError, match="no sweep's"):
        run_all(base.folder, ladder(base, LoadKind.USERS, [1]))
    assert [path.name for path in base.folder.iterdir()] == ["mine"]
