"""`sweep.json`: what a sweep found, made from the result folders of its steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.figures.names import shown_name
from nightshift.bench.results import Json, ResultFolder
from nightshift.bench.statistics.dotted import dotted
from nightshift.bench.sweep.kinds import LoadKind
from nightshift.bench.sweep.knee import Knee, Step, knee_of
from nightshift.bench.sweep.ladder import LadderStep

THROUGHPUT, LATENCY = "weighted_token_per_s", "e2e_s.mean"
FIGURES = (
    THROUGHPUT, "output_token_per_s", "request_per_s", "ttft_s.p50", "ttft_s.p90", LATENCY, "prefix_hit_rate",
    "failed", "unfinished", "handed_over",
)  # fmt: skip


def write_sweep(folder: Path, kind: LoadKind, steps: Sequence[LadderStep]) -> dict[str, Any]:
    """Write `sweep.json` of the steps that have been measured, and return it."""
    done = [step for step in steps if (step.experiment.folder / "summary.json").is_file()]
    results = [(step, ResultFolder(step.experiment.folder)) for step in done]
    rows = [
        (step.load, step.experiment.name, row)
        for step, result in results
        for row in result.summary["systems"]
    ]
    names = dict.fromkeys(str(row["suffix"]) for _load, _name, row in rows)
    sweep = {
        "experiment": folder.name,
        "load": kind.value,
        "loads": [step.load for step in steps],
        "steps": [
            {"load": step.load, "folder": step.experiment.name, "done": step in done} for step in steps
        ],
        "run": _run(results[0][1].run) if results else {},
        "systems": [_system(name, [row for row in rows if row[2]["suffix"] == name]) for name in names],
    }
    (folder / "sweep.json").write_bytes(
        orjson.dumps(sweep, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return sweep


def _run(run: Json) -> dict[str, Any]:
    """What all steps have in common."""
    keys = (
        "workload",
        "engine",
        "emulated",
        "time",
        "data",
        "repetitions",
        "duration_s",
        "warmup_s",
        "seed",
        "version",
    )
    return {key: run[key] for key in keys if key in run}


def _system(suffix: str, rows: Sequence[tuple[float, str, Json]]) -> dict[str, Any]:
    points = [_point(load, name, row) for load, name, row in rows]
    knee = knee_in(points)
    last = rows[-1][2]
    return {
        "id": last["id"],
        "suffix": suffix,
        "legend": shown_name(last),
        "points": points,
        "knee": None if knee is None else {"load": knee.load, "inside": knee.inside},
    }


def _point(load: float, folder: str, row: Json) -> dict[str, Any]:
    values = dotted({name: value for name, value in row.items() if name not in ("intervals", "repetitions")})
    intervals = row.get("intervals") or {}
    return {
        "load": load,
        "folder": folder,
        "figures": {name: values.get(name) for name in FIGURES},
        "intervals": {name: intervals[name] for name in FIGURES if intervals.get(name)},
    }


def knee_in(points: Sequence[Json]) -> Knee | None:
    """Return the knee of a system's points; those without a latency do not count."""
    steps = [
        Step(point["load"], point["figures"][THROUGHPUT], point["figures"][LATENCY])
        for point in points
        if point["figures"].get(THROUGHPUT) and point["figures"].get(LATENCY)
    ]
    return knee_of(steps)
