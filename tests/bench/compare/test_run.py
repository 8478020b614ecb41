"""Going through the runs: what breaks off is marked, what is whole is kept, a disk that is full is named."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from nightshift.balancing.presets import Preset
from nightshift.bench.compare import run as running
from nightshift.bench.compare.disk import require_room
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.files import write_whole
from nightshift.bench.compare.run import InterruptedRunError, run_experiment
from nightshift.control.local.child import FleetError
from nightshift.errors import UserError

MakeExperiment = Callable[..., Experiment]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Fleets that do as told: system -> what its run raises. `calls` are the runs that were made."""
    told: dict[str, Any] = {"calls": []}

    async def measure(experiment: Experiment, system: Preset, repetition: int, **_: object) -> None:
        told["calls"].append((repetition, system.suffix))
        folder = experiment.repetition_folder(system, repetition)
        folder.mkdir(parents=True)
        (folder / "records-us-east-2.jsonl").touch()
        if system.suffix in told:
            raise told[system.suffix]

    monkeypatch.setattr(running, "measure_system", measure)
    return told


def state_of(trial: Experiment, suffix: str, repetition: int = 1) -> Any:
    system = next(one for one in trial.systems if one.suffix == suffix)
    return orjson.loads((trial.repetition_folder(system, repetition) / "done.json").read_bytes())


def test_a_fleet_that_dies_is_marked_and_the_others_go_on(
    make_experiment: MakeExperiment, measured: dict[str, Any]
) -> None:
    trial = make_experiment(systems="4,5,nightshift")
    measured["sky_push_push"] = FleetError("replica a was killed by SIGKILL")
    summary = run_experiment(trial, ["first"])
    assert len(measured["calls"]) == 3
    assert state_of(trial, "sky_push_push")["state"] == "partial"
    assert "SIGKILL" in state_of(trial, "sky_push_push")["why"]
    assert state_of(trial, "nightshift")["state"] == "finished"
    assert [row["state"] for row in summary["systems"]] == ["partial", "finished", "finished"]
    exported = list(trial.folder.glob("systems/*/rep-1/summary_lifecycle_metrics.json"))
    assert len(exported) == 3, "what was measured is there for other tools too, of a partial run as well"

    del measured["sky_push_push"]
    measured["calls"].clear()
    run_experiment(trial, ["second"])
    assert measured["calls"] == [(1, "sky_push_push")]
    assert state_of(trial, "sky_push_push")["state"] == "finished"


def test_an_interrupted_run_is_made_again(make_experiment: MakeExperiment, measured: dict[str, Any]) -> None:
    trial = replace(make_experiment(systems="4,5"), repetitions=2)
    last = trial.order_of(1)[1].suffix
    measured[last] = KeyboardInterrupt()
    with pytest.raises(InterruptedRunError, match=r"--resume .*trial"):
        run_experiment(trial, ["first"])
    assert (trial.folder / "summary.json").is_file()
    del measured[last]
    run_experiment(trial, ["second"])
    assert measured["calls"].count((1, trial.order_of(1)[0].suffix)) == 1
    assert measured["calls"].count((1, last)) == 2


def test_a_full_disk_ends_it_by_name(make_experiment: MakeExperiment, measured: dict[str, Any]) -> None:
    trial = make_experiment(systems="4,5")
    measured[trial.order_of(1)[1].suffix] = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(UserError, match=r"cannot write .*trial: No space left on device"):
        run_experiment(trial, ["first"])
    assert state_of(trial, trial.order_of(1)[0].suffix)["state"] == "finished"


def test_no_room_is_noticed_before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"nothing can be written to .*later: No space left"):
        require_room(tmp_path / "later")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.json"
    write_whole(path, b"before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
