"""From what the systems left in the result folder to `summary.json`."""

from collections.abc import Sequence
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment, Time
from nightshift.bench.compare.files import write_json
from nightshift.bench.compare.run_file import what
from nightshift.bench.measures import Window
from nightshift.bench.summary import summarize_systems


def write_summary(experiment: Experiment, done: Sequence[Preset]) -> dict[str, Any]:
    """Write `summary.json` of the systems that were measured, and return it."""
    measured = summarize_systems(
        experiment.folder,
        done,
        window=Window(experiment.warmup_s, experiment.duration_s),
        slo=experiment.slo,
        seed=experiment.seed,
        virtual=experiment.time is Time.VIRTUAL,
    )
    summary = {**what(experiment), **measured}
    write_json(experiment.folder / "summary.json", summary)
    return summary
