"""Throughput, TTFT and hit rate over load, a line a system, the knee of each marked with a ring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.data import csv_rows, number
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.names import engine_label, time_label
from nightshift.bench.figures.palette import Look, looks
from nightshift.bench.results import Json


@dataclass(frozen=True)
class Measure:
    """One figure over load."""

    name: str
    path: str
    title: str
    axis: str
    log: bool = False
    factor: float = 1.0


MEASURES = (
    Measure("throughput", "weighted_token_per_s", "Throughput over load", "weighted token/s"),
    Measure("ttft", "ttft_s.p50", "Time to first token over load", "TTFT p50 (s), log axis", log=True),
    Measure("ttft-p90", "ttft_s.p90", "Slow first tokens over load", "TTFT p90 (s), log axis", log=True),
    Measure("hit-rate", "prefix_hit_rate", "Prefix hit rate over load", "prefix hit rate (%)", factor=100.0),
)
AXES = {"users": "users, all regions", "rate": "rate of arrivals (multiple of the workload's own)"}


def draw(sweep: Json) -> Iterator[Result]:
    """Draw one figure a measure."""
    systems = sweep["systems"]
    known = looks((row["id"], str(row["suffix"])) for row in systems)
    for measure in MEASURES:
        values = [value for row in systems for _load, value in _line(row, measure) if np.isfinite(value)]
        if not values:
            yield LeftOut(measure.title, "no step has this figure")
            continue
        yield _draw(sweep, measure, known)


def subtitle(sweep: Json) -> str:
    """What was run."""
    run = sweep["run"]
    repetitions = int(run.get("repetitions") or 1)
    parts = (
        engine_label(run),
        time_label(run),
        str(run.get("workload", "")),
        f"{repetitions} repetitions" if repetitions > 1 else "one repetition",
        str(run.get("data") or ""),
    )
    return " · ".join(part for part in parts if part)


def _line(row: Json, measure: Measure) -> list[tuple[float, float]]:
    return [(point["load"], number(point["figures"].get(measure.path))) for point in row["points"]]


def _draw(sweep: Json, measure: Measure, known: dict[str, Look]) -> Drawing:
    systems: Sequence[Json] = sweep["systems"]
    figure = style.new_figure(3.2 + 0.15 * -(-len(systems) // 2), measure.title, subtitle(sweep))
    axes = figure.subplots()
    for row in systems:
        _draw_line(axes, row, measure, known[str(row["suffix"])])
    if measure.log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    else:
        axes.set_ylim(0, 100 if measure.factor == 100.0 else None)  # no interval of a share goes beyond
    axes.set_xlim(left=0)
    axes.set_xlabel(AXES[sweep["load"]])
    axes.set_ylabel(measure.axis)
    axes.grid()
    figure.legend(loc="outside lower left", ncols=2, handlelength=2.4, columnspacing=1.2)
    said = "; ".join(
        f"{row['legend']} " + ", ".join(f"{value:.4g} at {load:g}" for load, value in _line(row, measure))
        for row in systems
    )
    return Drawing(
        name=f"sweep-{measure.name}",
        title=measure.title,
        caption=(
            "Ring: the knee, the step with the most throughput for its latency (weighted token/s over mean "
            "E2E), where steps on both sides have less. Upright lines: 95 % intervals, where repeated."
        ),
        alt=f"Lines over load by system. {said}.",
        figure=figure,
        header=("id", "system", "legend", "load", measure.path, "low", "high", "knee"),
        rows=csv_rows(
            (
                row["id"],
                row["suffix"],
                row["legend"],
                float(point["load"]),
                number(point["figures"].get(measure.path)),
                *(point["intervals"].get(measure.path) or (None, None)),
                "yes" if _is_knee(row, point["load"]) else "",
            )
            for row in systems
            for point in row["points"]
        ),
    )


def _draw_line(axes: Axes, row: Json, measure: Measure, look: Look) -> None:
    loads, values = zip(*_line(row, measure), strict=True)
    shown = np.asarray(values) * measure.factor
    axes.plot(
        loads, shown, look.line, marker=look.marker, markersize=4, linewidth=1.2, color=look.colour,
        label=style.shortened(style.printable(row["legend"]), 34),
    )  # fmt: skip
    for point, load, value in zip(row["points"], loads, shown, strict=True):
        interval = point["intervals"].get(measure.path)
        if interval:
            ends = [end * measure.factor for end in interval]
            axes.plot([load, load], ends, color=look.colour, linewidth=0.9, marker="_", markersize=4)
        if _is_knee(row, load):
            axes.plot(
                [load], [value], "o", markersize=10, markerfacecolor="none", markeredgecolor=look.colour,
                markeredgewidth=1.4,
            )  # fmt: skip


def _is_knee(row: Json, load: float) -> bool:
    knee = row["knee"]
    return bool(knee and knee["inside"] and knee["load"] == load)
