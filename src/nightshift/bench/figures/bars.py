"""Horizontal bars, one a system, from zero: the shape that throughput, hit rate and hand-overs share.

The axis always starts at zero. A broken axis makes a difference of two per cent look like a factor.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import palette, style
from nightshift.bench.figures.data import SystemData, number


def values_of(systems: Sequence[SystemData], read: Callable[[SystemData], object]) -> list[float]:
    """Read one figure of each system; NaN where a system has none."""
    return [number(read(data)) for data in systems]


def draw_bars(
    axes: Axes,
    systems: Sequence[SystemData],
    values: Sequence[float],
    axis: str,
    text: Callable[[float], str],
) -> None:
    """Draw one bar a system with its value at the end; "not known" where there is none."""
    lengths = np.nan_to_num(np.asarray(values, dtype=np.float64))
    ids = [data.system.id for data in systems]
    bars = axes.barh(
        range(len(ids)),
        lengths,
        height=0.66,
        color=[palette.colour(system) for system in ids],
        hatch=[palette.hatch(system) for system in ids],
        edgecolor="white",
        linewidth=0,
    )
    axes.bar_label(
        bars,
        labels=["not known" if np.isnan(value) else text(value) for value in values],
        padding=3,
        fontsize=7.5,
        color=style.INK,
    )
    longest = float(lengths.max(initial=0.0))
    axes.set_xlim(0, longest * 1.28 if longest > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.set_xlabel(axis)
    axes.grid(axis="x")


def sentence(systems: Sequence[SystemData], values: Sequence[float], text: Callable[[float], str]) -> str:
    """Say the values in words, for the alternative text."""
    parts = (
        f"{data.system.legend} {'not known' if np.isnan(value) else text(value)}"
        for data, value in zip(systems, values, strict=True)
    )
    return "; ".join(parts) + "."
