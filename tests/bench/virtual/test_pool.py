"""Several runs at once: all are made, one that breaks takes no other with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment, RegionLoad, Time, parse_systems
from nightshift.bench.compare.run import run_experiment
from nightshift.bench.compare.runs import Run, runs_of
from nightshift.bench.results import ResultFolder
from nightshift.bench.virtual.one_run import switches_of
from nightshift.bench.virtual.pool import Ended, run_all
from nightshift.control.local.plan import Engine
from nightshift.errors import UserError


def experiment(folder: Path) -> Experiment:
    return Experiment(
        name="trial",
        systems=parse_systems("5,nightshift"),
        regions=(RegionLoad("us-east-2", 1, 3),),
        workload="arena_syn",
        workload_arguments={"num_conv": 30},
        duration_s=20,
        warmup_s=5,
        seed=3,
        engine=Engine.EMULATED,
        profile="l4-llama-3.1-8b",
        speed=1.0,
        output_dir=folder,
        time=Time.VIRTUAL,
        repetitions=2,
    )


def test_an_experiment_from_end_to_end_and_again(tmp_path: Path) -> None:
    trial = experiment(tmp_path)
    summary = run_experiment(trial, ["first"])
    assert [row["state"] for row in summary["systems"]] == ["finished", "finished"]
    assert [len(row["repetitions"]) for row in summary["systems"]] == [2, 2]
    folder = ResultFolder(trial.folder)
    assert folder.run["time"] == "virtual"
    assert any("simulated" in note for note in folder.run["notes"])
    paths = sorted(trial.folder.rglob("done.json"))
    before = [path.stat().st_mtime_ns for path in paths]
    run_experiment(trial, ["second"])
    assert [path.stat().st_mtime_ns for path in paths] == before, "what is finished is not run again"


def test_a_run_that_breaks_takes_no_other_with_it(tmp_path: Path) -> None:
    trial = replace(experiment(tmp_path), repetitions=1)
    broken, whole = runs_of(trial)
    ends: dict[Run, Ended] = {}

    def begun(run: Run) -> None:
        if run == broken:
            run.folder(trial).parent.mkdir(parents=True)
            run.folder(trial).write_text("in the way")

    run_all(
        trial,
        runs_of(trial),
        workers=1,
        begun=begun,
        advanced=lambda run, at_s: None,
        ended=lambda end: ends.update({end.run: end}),
    )
    assert "File exists" in str(ends[broken].why)
    assert ends[whole].why is None
    assert ends[whole].cpu_s > 0


def test_an_engine_that_takes_no_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="virtual time would stand still"):
        replace(experiment(tmp_path), profile="instant").check()


def test_a_program_without_stand_in_is_refused() -> None:
    with pytest.raises(UserError, match="nothing stands in for it"):
        switches_of(Preset(None, "other", "Other", None, external="other-router"))
