"""Goes through the runs of an experiment and leaves a result folder with figures and a report.

A run is one system in one repetition. Runs that are finished are never run again: an experiment that was
interrupted goes on where it stopped. A run whose fleet or client broke is marked and the others go on.
"""

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from nightshift.bench.compare.disk import cleared, explained, require_room, trouble_at
from nightshift.bench.compare.done import Done, State, read_done
from nightshift.bench.compare.experiment import Experiment, Time
from nightshift.bench.compare.one_given import measure_given
from nightshift.bench.compare.one_system import measure_system
from nightshift.bench.compare.progress import Display
from nightshift.bench.compare.run_file import write_run
from nightshift.bench.compare.runs import Run, runs_of, title_of, unfinished
from nightshift.bench.compare.summary import write_summary
from nightshift.bench.export.write import is_written, write_run_export
from nightshift.bench.measures import Window
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


def run_experiment(
    experiment: Experiment, command: Sequence[str], options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make all runs that are not finished yet and write the summary. Returns it.

    `command` and `options` are noted in `run.json`. Raises `UserError` for what cannot be run, before
    anything starts, for a folder of another experiment and for a disk that is full; and
    `InterruptedRunError`. In the latter cases the summary has the systems that were measured until then, and
    the same call goes on.
    """
    experiment.check()
    try:
        write_run(experiment, command, options)
        require_room(experiment.folder)
        _make(experiment, unfinished(experiment))
        return summarize(experiment)
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        with suppress(OSError):
            summarize(experiment)
        raise InterruptedRunError(
            f"interrupted; what was measured is in {experiment.folder}; "
            f"`nightshift bench compare --resume {experiment.folder}` goes on"
        ) from error
    except OSError as error:
        with suppress(OSError):
            summarize(experiment)
        raise explained(experiment.folder, error) from error


def summarize(experiment: Experiment) -> dict[str, Any]:
    """Write the summary of what has been measured so far, and return it; nothing if nothing has.

    Each run's export for other tools is written too, where it is not there yet.
    """
    ended = [run for run in runs_of(experiment) if read_done(run.folder(experiment)) is not None]
    _export(experiment, ended)
    done = {run.system.suffix for run in ended}
    systems = [system for system in experiment.systems if system.suffix in done]
    return write_summary(experiment, systems) if systems else {}


def _export(experiment: Experiment, ended: Sequence[Run]) -> None:
    window = Window(experiment.warmup_s, experiment.duration_s)
    for run in ended:
        place = run.folder(experiment)
        if not is_written(place, experiment.slo):
            write_run_export(place, run.system.suffix, run.repetition, window=window, slo=experiment.slo)


def write_pictures(experiment: Experiment) -> Path:
    """Draw the figures and write the report; return the path of the report. Raises `UserError`."""
    from nightshift.bench.figures import write_figures
    from nightshift.bench.report import write_report

    folder = ResultFolder(experiment.folder)
    try:
        write_figures(folder)
        return write_report(folder)
    except OSError as error:
        raise explained(experiment.folder, error) from error


def _make(experiment: Experiment, runs: Sequence[Run]) -> None:
    with Display(len(runs), experiment.runs_s) as display:
        if experiment.time is Time.VIRTUAL:
            with _interruptible():
                _simulate(experiment, runs, display)
        else:
            asyncio.run(_one_by_one(experiment, runs, display))


async def _one_by_one(experiment: Experiment, runs: Sequence[Run], display: Display) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for sig in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sig, task.cancel)
    for run in runs:
        title = title_of(experiment, run)
        display.begin(title)
        done = await _one(experiment, run, display)
        done.write(run.folder(experiment))
        display.end(title, done.why)


async def _one(experiment: Experiment, run: Run, display: Display) -> Done:
    """Make one run and return how it ended."""
    folder = cleared(run.folder(experiment))
    began, why = time.monotonic(), None
    try:
        if experiment.targets:
            for warning in await measure_given(experiment, run.system, run.repetition, counts=display.counts):
                display.say(f"warning: {warning}")
        else:
            await measure_system(
                experiment, run.system, run.repetition, started=display.started, counts=display.counts
            )
    except UserError:
        raise
    except NightshiftError as error:
        trouble = trouble_at(folder)
        if trouble is not None:
            raise trouble from error
        why = str(error)
    seconds = round(time.monotonic() - began, 3)
    return Done(_state(why), why, seconds, experiment.seed_of(run.repetition))


def _simulate(experiment: Experiment, runs: Sequence[Run], display: Display) -> None:
    from nightshift.bench.virtual.pool import Ended, run_all

    def begun(run: Run) -> None:
        cleared(run.folder(experiment))
        display.begin(title_of(experiment, run))

    def ended(end: Ended) -> None:
        folder = end.run.folder(experiment)
        if end.why is not None and (trouble := trouble_at(experiment.folder)) is not None:
            raise trouble
        folder.mkdir(parents=True, exist_ok=True)
        seed = experiment.seed_of(end.run.repetition)
        Done(_state(end.why), end.why, round(end.cpu_s, 3), seed).write(folder)
        display.end(title_of(experiment, end.run), end.why)

    run_all(
        experiment,
        runs,
        begun=begun,
        advanced=lambda run, at_s: display.at(title_of(experiment, run), at_s),
        ended=ended,
    )


def _state(why: str | None) -> State:
    return State.FINISHED if why is None else State.PARTIAL


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the block as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if current_thread() is not main_thread():  # only there are signals heard
        yield
        return
    before = {sig: signal.signal(sig, interrupt) for sig in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
