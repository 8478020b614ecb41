"""Runs the parts of the plan, one after another; what is finished is not run again."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nightshift.bench.compare.experiment import Experiment, Time, parse_systems
from nightshift.bench.compare.run import run_experiment
from nightshift.bench.paper.plan import Part
from nightshift.bench.results import Json, ResultFolder
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine

LIVE_SPEED = 6.0
"""The emulated world of a live part runs so many times faster than real, as in `make run`."""


def experiment_of(part: Part, *, repetitions: int, seed: int, output_dir: Path) -> Experiment:
    """Return the experiment of a part. A live one has one repetition: each takes real minutes."""
    live = part.time is Time.LIVE
    return Experiment(
        name=part.name,
        systems=parse_systems(part.systems),
        regions=part.regions,
        workload=part.workload,
        workload_arguments=part.arguments,
        region_arguments=part.region_arguments,
        duration_s=part.duration_s,
        warmup_s=part.warmup_s,
        seed=seed,
        engine=Engine.EMULATED,
        profile=DEFAULT_PROFILE,
        speed=LIVE_SPEED if live else 1.0,
        output_dir=output_dir,
        repetitions=1 if live else repetitions,
        time=part.time,
    )


def run_parts(
    parts: Sequence[Part],
    *,
    repetitions: int,
    seed: int,
    output_dir: Path,
    command: Sequence[str],
    begin: Callable[[int, Part], None],
) -> None:
    """Run them; `begin` is told each part and its number from 1. Raises what `run_experiment` raises."""
    for number, part in enumerate(parts, start=1):
        begin(number, part)
        run_experiment(
            experiment_of(part, repetitions=repetitions, seed=seed, output_dir=output_dir), command
        )


def summaries_in(output_dir: Path, parts: Sequence[Part]) -> dict[str, Json]:
    """Return the summary of each part that has been run."""
    folders = {part.name: output_dir / part.name for part in parts}
    return {
        name: ResultFolder(folder).summary
        for name, folder in folders.items()
        if (folder / "summary.json").is_file()
    }
