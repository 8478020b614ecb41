"""Goes through the systems of an experiment and leaves a result folder with figures and a report."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.one_system import measure_system
from nightshift.bench.compare.progress import Display
from nightshift.bench.compare.summary import write_run, write_summary
from nightshift.bench.results import ResultFolder
from nightshift.errors import NightshiftError


class InterruptedRunError(NightshiftError):
    """A signal ended the run. Nothing is left running."""


def in_a_new_folder(experiment: Experiment) -> Experiment:
    """Return the experiment under a name whose folder does not exist yet: `name`, `name_v1`, ..."""
    version, name = 0, experiment.name
    while (experiment.output_dir / name).exists():
        version += 1
        name = f"{experiment.name}_v{version}"
    return replace(experiment, name=name)


def run_experiment(experiment: Experiment, command: Sequence[str]) -> dict[str, Any]:
    """Measure all systems, one after another, and write the summary. Returns it.

    Raises `UserError` for what cannot be run, before anything starts, `InterruptedRunError`, and the error of
    a process that broke. In the latter cases the summary has the systems that were measured until then.
    """
    experiment.check()
    write_run(experiment, command)
    done: list[Preset] = []
    try:
        with Display(len(experiment.systems), experiment.duration_s / experiment.speed) as display:
            asyncio.run(_all(experiment, display, done))
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        raise InterruptedRunError(f"interrupted; what was measured is in {experiment.folder}") from error
    finally:
        summary = write_summary(experiment, done) if done else {}
    return summary


def write_pictures(experiment: Experiment) -> Path:
    """Draw the figures and write the report; return the path of the report."""
    from nightshift.bench.figures import write_figures
    from nightshift.bench.report import write_report

    folder = ResultFolder(experiment.folder)
    write_figures(folder)
    return write_report(folder)


async def _all(experiment: Experiment, display: Display, done: list[Preset]) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for sig in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sig, task.cancel)
    for number, system in enumerate(experiment.systems):
        display.system(number, system)
        await measure_system(experiment, system, started=display.started, counts=display.counts)
        done.append(system)
