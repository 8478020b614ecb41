"""How unevenly replicas are loaded: most over least loaded, in the mean and over time.

The bars are of all repetitions, as `measures.imbalance` has them; the lines over time of the first one, at
the samples that count: those after the warm-up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import Side, draw_sides, sentence, table, values_of
from nightshift.bench.figures.data import KEY, Floats, RunData, SystemData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.measures import Window
from nightshift.bench.measures.imbalance import loads_over_time, ratio_of

TITLE, OVER_TIME = "Imbalance", "Imbalance over time"
MEAN, LASTING = "imbalance.mean", "imbalance_of_means"
NOT_SAMPLED = "no system has samples of two replicas or more"


def draw(run: RunData) -> Iterator[Result]:
    """Draw both, where at least two replicas were sampled."""
    means = values_of(run.systems, MEAN)
    if all(isnan(value) for value in means):
        yield LeftOut(TITLE, NOT_SAMPLED)
    else:
        yield _bars(run, means)
    lines = [_line(run, data) for data in run.systems]
    if any(line is not None for line in lines):
        yield _over_time(run, lines)
    else:
        yield LeftOut(OVER_TIME, NOT_SAMPLED)


def _bars(run: RunData, means: Sequence[float]) -> Drawing:
    systems = run.systems
    figure, _ = draw_sides(
        run,
        TITLE,
        Side(MEAN, "mean over the samples", _times),
        Side(LASTING, "of the means: what lasts", _times),
    )
    header, rows = table(systems, (MEAN, LASTING))
    return Drawing(
        name="imbalance",
        title=TITLE,
        measures=("imbalance", "imbalance_of_means"),
        caption="Outstanding requests of the most loaded replica over those of the least loaded one, all "
        f"regions together; 1 is even.{run.interval_note}",
        alt=f"Bars of the mean imbalance: {sentence(systems, means, _times)}",
        figure=figure,
        header=header,
        rows=rows,
    )


@dataclass(frozen=True)
class Line:
    """Outstanding requests at each sample: of the least and the most loaded replica, and their ratio."""

    times_s: Floats
    least: Floats
    most: Floats
    ratio: Floats


def _line(run: RunData, data: SystemData) -> Line | None:
    window = Window(float(run.run.get("warmup_s") or 0.0), float(run.run.get("duration_s") or "inf"))
    points = [
        (t, min(loads.values()), max(loads.values()), ratio)
        for t, loads in loads_over_time(data.samples, window)
        if len(loads) > 1
        for ratio in [ratio_of(loads)]
    ]
    if not points:
        return None
    times, least, most, ratios = zip(*points, strict=True)
    known = [nan if ratio is None else ratio for ratio in ratios]
    return Line(np.asarray(times), np.asarray(least), np.asarray(most), np.asarray(known, dtype=np.float64))


def _over_time(run: RunData, lines: Sequence[Line | None]) -> Drawing:
    systems = run.systems
    figure = style.new_figure(1.2 + 0.42 * len(systems), OVER_TIME, run.subtitle)
    panels = figure.subplots(len(systems), 2, sharex=True, sharey="col", squeeze=False)
    for (left, right), data, line in zip(panels, systems, lines, strict=True):
        _draw(left, right, data, line)
        left.set_ylabel(data.label, rotation=0, ha="right", va="center", fontsize=8)
    known = [line for line in lines if line is not None]
    panels[0, 0].set_ylim(0, max(float(line.most.max()) for line in known) * 1.08 or 1.0)
    panels[0, 1].set_ylim(
        1, max([2.0, *(float(np.nanmax(line.ratio, initial=1.0)) for line in known)]) * 1.05
    )
    panels[0, 0].set_title("outstanding: least to most", loc="left")
    panels[0, 1].set_title("most / least", loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("time (s)")
    tops = "; ".join(
        f"{data.name} at most {np.nanmax(line.ratio, initial=1.0):.1f}"
        for data, line in zip(systems, lines, strict=True)
        if line is not None
    )
    return Drawing(
        name="imbalance-over-time",
        title=OVER_TIME,
        measures=("imbalance",),
        caption="Left: outstanding requests (running and waiting) of the least and the most loaded replica, "
        "all regions together. Right: one over the other. Of the first repetition, after the warm-up; all "
        "systems have the same scales.",
        alt=f"Bands and lines over time. Most over least loaded: {tops}.",
        figure=figure,
        header=(*KEY, "t_s", "least", "most", "ratio"),
        rows=csv_rows(
            (
                *data.key,
                *(float(values[place]) for values in (line.times_s, line.least, line.most, line.ratio)),
            )
            for data, line in zip(systems, lines, strict=True)
            if line is not None
            for place in range(line.times_s.size)
        ),
    )


def _draw(left: Axes, right: Axes, data: SystemData, line: Line | None) -> None:
    colour = data.look.colour
    if line is None:
        for axes in (left, right):
            axes.text(
                0.02, 0.5, "not sampled", transform=axes.transAxes, va="center", fontsize=7, color=style.FAINT
            )
    else:
        left.fill_between(line.times_s, line.least, line.most, color=colour, alpha=0.45, linewidth=0)
        for values in (line.least, line.most):
            left.plot(line.times_s, values, color=colour, linewidth=0.7)
        right.plot(line.times_s, line.ratio, color=colour, linewidth=0.8)
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, min_n_ticks=2))
        axes.tick_params(axis="y", labelsize=6.5)
        axes.grid(axis="y")


def _times(value: float) -> str:
    return f"{value:.2f}"
