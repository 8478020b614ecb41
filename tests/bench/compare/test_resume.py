"""An experiment that is there is gone on with if it is the same, and refused by the name of what differs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nightshift.bench.compare.done import Done, State, read_done
from nightshift.bench.compare.experiment import Experiment, parse_systems
from nightshift.bench.compare.options import Options, resumed
from nightshift.bench.compare.run_file import read_run, write_run
from nightshift.bench.compare.runs import runs_of, title_of, unfinished
from nightshift.errors import UserError

MakeExperiment = Callable[..., Experiment]


def test_options_come_from_the_folder() -> None:
    stored = {"systems": ["5"], "duration": 60.0, "repeat": 2, "of_a_later_version": 1}
    found = resumed(stored, Options(repeat=4, duration=60.0), "folder")
    assert found == Options(systems=["5"], duration=60.0, repeat=4)


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({"duration": 90.0}, "--duration is 90.0, and in folder it was 60.0"),
        ({"data_set": "arena"}, "--data-set is 'arena', and in folder it was not given"),
    ],
)
def test_another_option_is_named(now: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        resumed({"duration": 60.0}, Options(**now), "folder")


def test_the_same_experiment_is_written_again(make_experiment: MakeExperiment) -> None:
    trial = make_experiment(systems="5")
    write_run(trial, ["first"], {"systems": ["5"]})
    write_run(replace(trial, repetitions=3), ["second", "a b"])
    run = read_run(trial.folder)
    assert (run["command"], run["resumed"], run["options"]) == ("first", ["second 'a b'"], {"systems": ["5"]})
    assert (run["repetitions"], run["seeds"], len(run["order"])) == (3, [3, 4, 5], 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration_s": 90.0}, "was measured with duration_s 60.*, and now it is 90"),
        ({"workload_arguments": {"num_conv": 31}}, r'workload_args {"num_conv":30}'),
        ({"seed": 4}, "seed 3, and now it is 4"),
        ({"systems": parse_systems("4")}, "systems"),
        ({"repetitions": 1}, "--repeat may only grow"),
    ],
)
def test_another_experiment_is_refused_by_what_differs(
    make_experiment: MakeExperiment, change: dict[str, Any], message: str
) -> None:
    trial = replace(make_experiment(systems="5"), repetitions=2)
    write_run(trial, ["first"])
    with pytest.raises(UserError, match=message):
        write_run(replace(trial, **change), ["second"])


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.json is missing"):
        read_run(tmp_path)


def test_only_what_is_not_finished_is_run(make_experiment: MakeExperiment) -> None:
    trial = replace(make_experiment(systems="4,5"), repetitions=2)
    first, second, third, fourth = runs_of(trial)
    for run, done in (
        (first, Done(State.FINISHED, None, 1.0, 3)),
        (second, Done(State.PARTIAL, "a replica was killed", 1.0, 3)),
    ):
        run.folder(trial).mkdir(parents=True)
        done.write(run.folder(trial))
        assert read_done(run.folder(trial)) == done
    third.folder(trial).mkdir(parents=True)
    assert unfinished(trial) == [second, third, fourth]
    assert title_of(trial, third).endswith("repetition 2 of 2")


def test_a_broken_mark_is_told(make_experiment: MakeExperiment) -> None:
    trial = make_experiment(systems="5")
    (run,) = runs_of(trial)
    run.folder(trial).mkdir(parents=True)
    (run.folder(trial) / "done.json").write_text('{"state": "maybe"}')
    with pytest.raises(UserError, match="remove it to run this again"):
        unfinished(trial)
