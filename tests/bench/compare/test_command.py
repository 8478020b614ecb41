"""What the command says by its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from nightshift.bench.compare import run as running
from nightshift.cli import app
from nightshift.control.local.child import FleetError

if TYPE_CHECKING:
    from pathlib import Path

    from nightshift.balancing.presets import Preset
    from nightshift.bench.compare.experiment import Experiment


@pytest.mark.parametrize(("dies", "status"), [(False, 0), (True, 1)])
def test_a_run_that_broke_off_is_said_by_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, dies: bool, status: int
) -> None:
    async def measure(experiment: Experiment, system: Preset, repetition: int, **_: object) -> None:
        folder = experiment.repetition_folder(system, repetition)
        folder.mkdir(parents=True)
        for region in experiment.regions:
            (folder / f"records-{region.name}.jsonl").touch()
        if dies and system.suffix == "sky_push_push":
            raise FleetError("replica a was killed by SIGKILL")

    monkeypatch.setattr(running, "measure_system", measure)
    done = CliRunner().invoke(
        app,
        ["bench", "compare", "--systems", "4,5", "--exp-name", "one", "--output-dir", str(tmp_path)],
    )
    assert done.exit_code == status, done.output
    assert ("SIGKILL" in done.output) is dies
    assert (tmp_path / "one" / "report.html").is_file()
