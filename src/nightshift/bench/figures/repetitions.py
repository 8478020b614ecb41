"""What repetitions say: each as a small mark, their mean, and its 95 % interval.

Where two intervals are apart, the systems differ; where they overlap, the table of comparisons says more,
since it pairs the repetitions by seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_interval, interval_cells
from nightshift.bench.figures.data import KEY, RunData, SystemData, csv_rows, number, value_at
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.statistics import HOW

TITLE = "Repetitions"


@dataclass(frozen=True)
class Measure:
    """One panel."""

    path: str
    axis: str
    factor: float = 1.0


MEASURES = (
    Measure("weighted_token_per_s", "weighted token/s"),
    Measure("prefix_hit_rate", "prefix hit rate (%)", 100.0),
    Measure("ttft_s.p50", "TTFT p50 (s)"),
    Measure("ttft_s.p90", "TTFT p90 (s)"),
)


def draw(run: RunData) -> Iterator[Result]:
    """Draw the spread of the main figures."""
    if run.repetitions < 2:
        yield LeftOut(TITLE, "each system ran once, so no spread is known; run with --repeat 3 or more")
        return
    systems = run.systems
    rows = style.rows_height(len(systems), 0.26)
    figure = style.new_figure(0.5 + 2 * rows, TITLE, run.subtitle)
    panels = figure.subplots(2, 2, sharey=True)
    for axes, measure in zip(panels.flat, MEASURES, strict=True):
        _draw_panel(axes, systems, measure)
    for axes in panels[:, 0]:
        style.list_systems(axes, [data.label for data in systems])
    for axes in panels[:, 1]:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    yield Drawing(
        name="repetitions",
        title=TITLE,
        measures=tuple(measure.path for measure in MEASURES),
        caption=(
            f"Small marks: the {run.repetitions} repetitions; large mark: their mean; line: its 95 % "
            f"interval ({HOW}). Axes need not begin at zero."
        ),
        alt=f"Dots by system: {_said(systems)}",
        figure=figure,
        header=(*KEY, "figure", "mean", "low", "high", "repetitions"),
        rows=csv_rows(
            (
                *data.key,
                measure.path,
                data.figure(measure.path),
                *interval_cells(data.interval(measure.path)),
                " ".join(f"{value:.6g}" for value in _each(data, measure.path)),
            )
            for measure in MEASURES
            for data in systems
        ),
    )


def _each(data: SystemData, path: str) -> list[float]:
    """The figure of each repetition that has it."""
    values = (number(value_at(row, path)) for row in data.system.figures.get("repetitions") or ())
    return [value for value in values if np.isfinite(value)]


def _draw_panel(axes: Axes, systems: tuple[SystemData, ...], measure: Measure) -> None:
    for row, data in enumerate(systems):
        values = [value * measure.factor for value in _each(data, measure.path)]
        axes.plot(values, [row + 0.22] * len(values), "|", color=style.FAINT, markersize=4, linewidth=0)
        mean = data.figure(measure.path) * measure.factor
        if np.isnan(mean):
            axes.text(0.02, row, "not known", transform=axes.get_yaxis_transform(), va="center", fontsize=7)
            continue
        interval = data.interval(measure.path)
        if interval:
            draw_interval(axes, row, (interval[0] * measure.factor, interval[1] * measure.factor))
        axes.plot(
            [mean],
            [row],
            marker=data.look.marker,
            color=data.look.colour,
            markeredgecolor=style.INK,
            markeredgewidth=0.5,
            markersize=5.5,
        )
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.set_xlabel(measure.axis)
    axes.grid(axis="x")


def _said(systems: tuple[SystemData, ...]) -> str:
    show: Callable[[float], str] = "{:.4g}".format
    parts = []
    for data in systems:
        interval = data.interval(MEASURES[0].path)
        between = f" ({show(interval[0])} to {show(interval[1])})" if interval else ""
        parts.append(f"{data.name} {show(data.figure(MEASURES[0].path))}{between} weighted token/s")
    return "; ".join(parts) + "."
