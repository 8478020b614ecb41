"""Makes the steps of a sweep, one after another; what is finished is not run again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.sweep.kinds import LoadKind
from nightshift.bench.sweep.ladder import LadderStep
from nightshift.bench.sweep.results import write_sweep
from nightshift.errors import UserError

RunStep = Callable[[Experiment, Sequence[str]], Any]
"""Measures one experiment, as `compare.run.run_experiment` does: resumes, and leaves a result folder."""


def run_sweep(
    folder: Path,
    kind: LoadKind,
    steps: Sequence[LadderStep],
    *,
    run: RunStep,
    command: Sequence[str],
    begin: Callable[[int, LadderStep], None],
) -> dict[str, Any]:
    """Run every step; `begin` is told each and its number from 1. Returns what `sweep.json` has.

    `sweep.json` is written after each step, so that an interrupted sweep has what was measured. Raises what
    `run` raises, and `UserError` for a folder that is no sweep's.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "sweep.json").is_file():
        raise UserError(f"{folder} is there already and is no sweep's; choose another --exp-name")
    folder.mkdir(parents=True, exist_ok=True)
    sweep = write_sweep(folder, kind, steps)
    for number, step in enumerate(steps, start=1):
        begin(number, step)
        run(step.experiment, command)
        sweep = write_sweep(folder, kind, steps)
    return sweep


def write_pictures(folder: Path, sweep: dict[str, Any]) -> Path:
    """Draw the figures of a sweep and write its page; return the path of the page."""
    from nightshift.bench.figures.write import write_into
    from nightshift.bench.sweep.figures import draw
    from nightshift.bench.sweep.page import write_page

    (folder / "figures").mkdir(exist_ok=True)
    return write_page(folder, sweep, write_into(folder / "figures", draw(sweep)))
