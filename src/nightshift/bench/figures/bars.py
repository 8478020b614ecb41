"""Horizontal bars, one a system, from zero: the shape that throughput, hit rate and hand-overs share.

The axis always starts at zero. A broken axis makes a difference of two per cent look like a factor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import style
from nightshift.bench.figures.data import KEY, Interval, RunData, SystemData, csv_rows


@dataclass(frozen=True, slots=True)
class Side:
    """One of two figures that stand side by side."""

    path: str
    """In `summary.json`."""
    axis: str
    """What is written below it."""
    text: Callable[[float], str]
    """How a value is written."""


def draw_sides(run: RunData, title: str, left: Side, right: Side) -> tuple[Figure, Axes]:
    """Draw two figures of each system side by side; return the figure and the left side's axes."""
    systems = run.systems
    figure = style.new_figure(style.rows_height(len(systems)), title, run.subtitle)
    places = figure.subplots(1, 2, sharey=True)
    for axes, side in zip(places, (left, right), strict=True):
        values, intervals = values_of(systems, side.path), intervals_of(systems, side.path)
        draw_bars(axes, systems, values, side.axis, side.text, intervals)
    style.list_systems(places[0], [data.label for data in systems])
    places[1].tick_params(axis="y", length=0)
    places[1].spines["left"].set_visible(False)
    return figure, places[0]


def table(
    systems: Sequence[SystemData], paths: Sequence[str], plain: Sequence[str] = ()
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of a CSV: the figures of `paths` with their intervals, then those of `plain`.

    A plain one is called by the last part of its path.
    """
    header = (
        *KEY,
        *(name for path in paths for name in (path, f"{path}_low", f"{path}_high")),
        *(path.rpartition(".")[2] for path in plain),
    )
    return header, csv_rows(_cells(data, paths, plain) for data in systems)


def _cells(data: SystemData, paths: Sequence[str], plain: Sequence[str]) -> tuple[Any, ...]:
    shown = [cell for path in paths for cell in (data.figure(path), *interval_cells(data.interval(path)))]
    return (*data.key, *shown, *(data.figure(path) for path in plain))


def draw_bars(  # noqa: PLR0917 - as a drawing reads: where, what, how it is written
    axes: Axes,
    systems: Sequence[SystemData],
    values: Sequence[float],
    axis: str,
    text: Callable[[float], str],
    intervals: Sequence[Interval | None] = (),
) -> None:
    """Draw one bar a system with its value at the end and its interval; "not known" where there is none."""
    lengths = np.nan_to_num(np.asarray(values, dtype=np.float64))
    axes.barh(
        range(len(systems)),
        lengths,
        height=0.66,
        color=[data.look.colour for data in systems],
        hatch=[data.look.hatch for data in systems],
        edgecolor="white",
        linewidth=0,
    )
    ends = lengths.copy()
    for row, interval in enumerate(intervals):
        if interval is not None:
            draw_interval(axes, row, interval)
            ends[row] = max(ends[row], interval[1])
    for row, (value, end) in enumerate(zip(values, ends, strict=True)):
        axes.annotate(
            "not known" if np.isnan(value) else text(value),
            (end, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=style.INK,
        )
    longest = float(ends.max(initial=0.0))
    axes.set_xlim(0, longest * 1.28 if longest > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.set_xlabel(axis)
    axes.grid(axis="x")


def draw_interval(axes: Axes, row: float, interval: Interval) -> None:
    """Draw an interval as a line with ends, at a height of its own."""
    low, high = interval
    axes.plot([low, high], [row, row], color=style.INK, linewidth=1.0, marker="|", markersize=5)


def values_of(systems: Sequence[SystemData], path: str) -> list[float]:
    """Read one figure of each system; NaN where a system has none."""
    return [data.figure(path) for data in systems]


def intervals_of(systems: Sequence[SystemData], path: str) -> list[Interval | None]:
    """Read the interval of one figure of each system."""
    return [data.interval(path) for data in systems]


def interval_cells(interval: Interval | None) -> tuple[float | None, float | None]:
    """The two cells of a CSV for an interval."""
    return interval or (None, None)


def sentence(systems: Sequence[SystemData], values: Sequence[float], text: Callable[[float], str]) -> str:
    """Say the values in words, for the alternative text."""
    parts = (
        f"{data.name} {'not known' if np.isnan(value) else text(value)}"
        for data, value in zip(systems, values, strict=True)
    )
    return "; ".join(parts) + "."
