"""Goes through the runs of an experiment and leaves a result folder with figures and a report.

A run is one system in one repetition. Runs that are finished are never run again: an experiment that was
interrupted goes on where it stopped. A run whose fleet or client broke is marked and the others go on.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.done import Done, State, read_done
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.one_system import measure_system
from nightshift.bench.compare.progress import Display
from nightshift.bench.compare.run_file import write_run
from nightshift.bench.compare.summary import write_summary
from nightshift.bench.results import ResultFolder
from nightshift.errors import NightshiftError, UserError


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
    """Measure all systems in all repetitions, one after another, and write the summary. Returns it.

    Raises `UserError` for what cannot be run, before anything starts, and `InterruptedRunError`; then the
    summary has the systems that were measured until then.
    """
    experiment.check()
    write_run(experiment, command)
    try:
        with Display(len(list(runs_of(experiment))), experiment.duration_s / experiment.speed) as display:
            asyncio.run(_all(experiment, display))
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        raise InterruptedRunError(f"interrupted; what was measured is in {experiment.folder}") from error
    finally:
        summary = summarize(experiment)
    return summary


def runs_of(experiment: Experiment) -> Iterator[tuple[int, Preset]]:
    """All runs in the order in which they are made: repetition and system."""
    for repetition in range(1, experiment.repetitions + 1):
        for system in experiment.order_of(repetition):
            yield repetition, system


def summarize(experiment: Experiment) -> dict[str, Any]:
    """Write the summary of what has been measured so far; nothing if nothing has."""
    done = [
        system
        for system in experiment.systems
        if any(
            read_done(experiment.repetition_folder(system, repetition))
            for repetition in range(1, experiment.repetitions + 1)
        )
    ]
    return write_summary(experiment, done) if done else {}


def write_pictures(experiment: Experiment) -> Path:
    """Draw the figures and write the report; return the path of the report."""
    from nightshift.bench.figures import write_figures
    from nightshift.bench.report import write_report

    folder = ResultFolder(experiment.folder)
    write_figures(folder)
    return write_report(folder)


async def _all(experiment: Experiment, display: Display) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for sig in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sig, task.cancel)
    for number, (repetition, system) in enumerate(runs_of(experiment)):
        display.system(number, system)
        folder = experiment.repetition_folder(system, repetition)
        done = read_done(folder)
        if done is None or done.state is not State.FINISHED:
            await _one(experiment, system, repetition, display)


async def _one(experiment: Experiment, system: Preset, repetition: int, display: Display) -> None:
    folder = experiment.repetition_folder(system, repetition)
    if folder.exists():
        shutil.rmtree(folder)  # of a run that did not come to its end
    began, why = time.monotonic(), None
    try:
        await measure_system(experiment, system, repetition, started=display.started, counts=display.counts)
    except UserError:
        raise
    except NightshiftError as error:
        why = str(error)
    state = State.FINISHED if why is None else State.PARTIAL
    Done(state, why, round(time.monotonic() - began, 3), experiment.seed_of(repetition)).write(folder)
