"""Runs the parts of the plan, one after another; what is finished is not run again."""

from collections.abc import Callable, Collection, Sequence
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


def figures_of(parts: Sequence[Part], ran: Collection[str]) -> dict[int, list[str]]:
    """Return the names of the parts that each of the paper's figures is drawn from, of those that `ran`.

    Busy parts and those of the published code are no figures of the paper.
    """
    found: dict[int, list[str]] = {}
    for part in parts:
        if part.name.startswith("fig") and part.name in ran:
            found.setdefault(int(part.figure), []).append(part.name)
    return found


def draw_figures(output_dir: Path, parts: Sequence[Part], ran: Collection[str]) -> list[Path]:
    """Draw the paper's figures below `output_dir`, each in a folder `figure-<number>`; return the PNGs."""
    from nightshift.bench.figures import write_paper_figures

    drawn = []
    for number, names in figures_of(parts, ran).items():
        target = output_dir / f"figure-{number}"
        index = write_paper_figures([ResultFolder(output_dir / name) for name in names], [number], target)
        drawn += [target / f"{entry.name}.png" for entry in index.figures]
    return drawn
