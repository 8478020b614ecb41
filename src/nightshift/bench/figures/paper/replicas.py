"""Figure 10: replicas against throughput, and how many replicas of one system equal another's.

One result folder for each number of replicas. The reference, what the others are compared with, is the
system with the least throughput, summed over the numbers of replicas.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import interval_cells
from nightshift.bench.figures.data import KEY, Interval, RunData, SystemData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.paper.equal import Equal, equal_points
from nightshift.bench.figures.paper.grid import shared_subtitle

TITLE = "Figure 10: replicas against throughput"
PATH = "weighted_token_per_s"


@dataclass(frozen=True)
class Curve:
    """One system over numbers of replicas."""

    data: SystemData
    points: list[tuple[float, float]]
    intervals: list[Interval | None]


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one line a system; say the savings in the caption and the CSV."""
    curves = curves_of(runs)
    if not any(len(curve.points) > 1 for curve in curves):
        yield LeftOut(TITLE, "it needs two result folders or more, with different numbers of replicas")
        return
    reference = min(curves, key=lambda curve: sum(value for _n, value in curve.points))
    savings = {
        curve.data.system.suffix: list(equal_points(curve.points, reference.points))
        for curve in curves
        if curve is not reference
    }
    figure = style.new_figure(3.4, TITLE, shared_subtitle(runs))
    axes = figure.subplots()
    for curve in curves:
        _draw_curve(axes, curve)
    axes.set_xlabel("replicas, all regions")
    axes.set_ylabel("weighted token/s")
    axes.set_xticks(sorted({n for curve in curves for n, _value in curve.points}))
    axes.set_ylim(bottom=0)
    axes.grid()
    axes.legend(loc="lower right")
    said = _said(reference, curves, savings)
    yield Drawing(
        name="figure-10",
        title=TITLE,
        caption=(
            f"{said} By linear interpolation between measured points; cost is that of the replicas, each at "
            f"the same price. {' '.join(dict.fromkeys(run.interval_note.strip() for run in runs))}"
        ),
        alt=f"Lines of throughput over replicas. {said}",
        figure=figure,
        header=(*KEY, "replicas", PATH, f"{PATH}_low", f"{PATH}_high", "replicas_for_reference", "saving"),
        rows=csv_rows(_rows(curves, savings)),
    )


def curves_of(runs: Sequence[RunData]) -> list[Curve]:
    """Return the curve of each system, over the folders that have it."""
    found: dict[str, Curve] = {}
    for run in sorted(runs, key=lambda run: run.replicas):
        for data in run.systems:
            value = data.figure(PATH)
            if run.replicas and np.isfinite(value):
                curve = found.setdefault(data.system.suffix, Curve(data, [], []))
                curve.points.append((float(run.replicas), value))
                curve.intervals.append(data.interval(PATH))
    return list(found.values())


def _draw_curve(axes: Axes, curve: Curve) -> None:
    look = curve.data.look
    replicas, values = zip(*curve.points, strict=True)
    axes.plot(
        replicas,
        values,
        look.line,
        marker=look.marker,
        color=look.colour,
        label=style.printable(curve.data.name),
    )
    for number, interval in zip(replicas, curve.intervals, strict=True):
        if interval is not None:
            axes.plot([number, number], interval, color=style.INK, marker="_", markersize=5, linewidth=0.9)


def _said(reference: Curve, curves: Sequence[Curve], savings: dict[str, list[Equal]]) -> str:
    parts = []
    for curve in curves:
        for one in savings.get(curve.data.system.suffix, ()):
            word = "less" if one.saving >= 0 else "more"
            parts.append(
                f"{curve.data.name} with {one.replicas:.2f} replicas equals {reference.data.name} with "
                f"{one.other_replicas:.0f} ({abs(one.saving):.0%} {word} cost)."
            )
    return " ".join(parts) or f"No number of replicas equals a throughput of {reference.data.name}."


def _rows(curves: Sequence[Curve], savings: dict[str, list[Equal]]) -> Iterator[tuple[object, ...]]:
    for curve in curves:
        equal = {one.other_replicas: one for one in savings.get(curve.data.system.suffix, ())}
        for (replicas, value), interval in zip(curve.points, curve.intervals, strict=True):
            found = equal.get(replicas)
            yield (
                *curve.data.key,
                replicas,
                value,
                *interval_cells(interval),
                found.replicas if found else None,
                found.saving if found else None,
            )
