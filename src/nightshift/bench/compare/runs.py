"""The runs of an experiment: one system in one repetition each."""

from dataclasses import dataclass
from pathlib import Path

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.done import State, read_done
from nightshift.bench.compare.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Run:
    """One system in one repetition."""

    repetition: int
    system: Preset

    def folder(self, experiment: Experiment) -> Path:
        """Where its files go."""
        return experiment.repetition_folder(self.system, self.repetition)


def runs_of(experiment: Experiment) -> list[Run]:
    """Return all runs in the order in which they are made."""
    return [
        Run(repetition, system)
        for repetition in range(1, experiment.repetitions + 1)
        for system in experiment.order_of(repetition)
    ]


def unfinished(experiment: Experiment) -> list[Run]:
    """Return the runs that are still to be made: those that never ended, and those that broke off."""
    found = []
    for run in runs_of(experiment):
        done = read_done(run.folder(experiment))
        if done is None or done.state is not State.FINISHED:
            found.append(run)
    return found


def title_of(experiment: Experiment, run: Run) -> str:
    """Return what people read of a run."""
    if experiment.repetitions == 1:
        return run.system.title
    return f"{run.system.title}, repetition {run.repetition} of {experiment.repetitions}"
