"""Box plots of latencies: box 25/50/75, whiskers 10/90, diamond at the mean, time on a log axis.

Percentiles are numpy's default (linear between neighbours). Outliers are not drawn; P99 stands in the
table. The systems are listed from top to bottom, so that their names stay legible, and time runs right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats
from nightshift.bench.figures.palette import Look

HEADER = ("count", "mean_s", "p10_s", "p25_s", "p50_s", "p75_s", "p90_s")
SHORTEST_S = 1e-4
"""What is quicker is drawn here: a log axis has no zero."""


@dataclass(frozen=True)
class Box:
    """The numbers of one box, in seconds; NaN all over where no request was answered."""

    count: int
    mean: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float

    def cells(self) -> tuple[int | float, ...]:
        """Cells in the order of `HEADER`."""
        return (self.count, self.mean, self.p10, self.p25, self.p50, self.p75, self.p90)


def box_of(values: Floats) -> Box:
    """Compute the numbers of a box."""
    if values.size == 0:
        return Box(0, *[float("nan")] * 6)
    p10, p25, p50, p75, p90 = (float(value) for value in np.percentile(values, [10, 25, 50, 75, 90]))
    return Box(int(values.size), float(values.mean()), p10, p25, p50, p75, p90)


def draw_boxes(
    axes: Axes, boxes: Sequence[Box], looks: Sequence[Look], limits_s: tuple[float, float], axis: str
) -> None:
    """Draw one box a system, in its colour, on a log axis between the limits."""
    for row, (box, look) in enumerate(zip(boxes, looks, strict=True)):
        if box.count == 0:
            axes.text(
                0.02, row, "no answer", transform=axes.get_yaxis_transform(), va="center", color=style.FAINT
            )
            continue
        _draw_box(axes, box, row, look)
    axes.set_xscale("log")
    axes.set_xlim(*limits_s)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 3.0), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(axis)
    axes.grid(axis="x")


def _draw_box(axes: Axes, box: Box, row: int, look: Look) -> None:
    low, q1, middle, q3, high, mean = (
        max(value, SHORTEST_S) for value in (box.p10, box.p25, box.p50, box.p75, box.p90, box.mean)
    )
    parts = axes.bxp(
        [{"whislo": low, "q1": q1, "med": middle, "q3": q3, "whishi": high, "mean": mean}],
        positions=[row],
        widths=0.6,
        orientation="horizontal",
        manage_ticks=False,
        patch_artist=True,
        showfliers=False,
        showmeans=True,
        boxprops={"facecolor": look.colour, "edgecolor": style.INK, "linewidth": 0.7},
        medianprops={"color": style.INK, "linewidth": 1.6},
        whiskerprops={"color": style.INK, "linewidth": 0.8},
        capprops={"color": style.INK, "linewidth": 0.8},
        meanprops={
            "marker": "D",
            "markersize": 3.6,
            "markerfacecolor": "white",
            "markeredgecolor": style.INK,
            "markeredgewidth": 0.7,
        },
    )
    for patch in parts["boxes"]:
        patch.set_hatch(look.hatch)


def limits(boxes: Sequence[Box]) -> tuple[float, float]:
    """Limits of the time axis that leave some air around all boxes and means."""
    seen = [box for box in boxes if box.count]
    if not seen:
        return 0.1, 10.0
    low = min(max(min(box.p10, box.mean), SHORTEST_S) for box in seen)
    high = max(max(box.p90, box.mean, SHORTEST_S) for box in seen)
    return low / 1.25, high * 1.25
