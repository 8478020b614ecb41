"""All systems over time: requests in the balancers' queues, and hand-overs until then.

The figure of the fleet shows one system in detail; this one compares them, one row a system on the same
scales, so that nineteen can still be told apart. Queues are sampled, hand-overs are counted from the
requests, by when they were sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import style
from nightshift.bench.figures.data import KEY, Floats, RunData, SystemData, csv_rows, number
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result

TITLE = "Queues and hand-overs over time"


@dataclass(frozen=True)
class Line:
    """Values over time of one system."""

    data: SystemData
    times_s: Floats
    values: Floats


def draw(run: RunData) -> Iterator[Result]:
    """Draw two panels over one time axis, one line a system in each."""
    systems = run.systems
    queues = [_queue(data) for data in systems]
    hand_overs = [_hand_overs(data) for data in systems]
    sampled, moved = [line for line in queues if line], [line for line in hand_overs if line]
    if not sampled and not moved:
        yield LeftOut(TITLE, "no queue was sampled and no request was handed over")
        return
    figure = style.new_figure(1.2 + 0.42 * len(systems), TITLE, run.subtitle)
    panels = figure.subplots(len(systems), 2, sharex=True, sharey="col", squeeze=False)
    for row, data in enumerate(systems):
        _draw_line(panels[row, 0], data, queues[row], "not sampled")
        _draw_line(panels[row, 1], data, hand_overs[row], "none")
        panels[row, 0].set_ylabel(data.label, rotation=0, ha="right", va="center", fontsize=8)
    panels[0, 0].set_ylim(0, _top(sampled))
    panels[0, 1].set_ylim(0, _top(moved))
    panels[0, 0].set_title("requests in balancers' queues", loc="left")
    panels[0, 1].set_title("requests handed over so far", loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("time (s)")
    yield Drawing(
        name="over-time",
        title=TITLE,
        measures=("queue", "handed_over"),
        caption=(
            "Queues of all balancers together, sampled; hand-overs to another region by when the request was "
            "sent, added up. All systems have the same scales. Of the first repetition."
        ),
        alt=f"Lines over time. Longest queue: {_tops(sampled)}. Hand-overs: {_tops(moved)}.",
        figure=figure,
        header=("measure", *KEY, "t_s", "value"),
        rows=csv_rows(
            (measure, *line.data.key, float(time_s), float(value))
            for measure, lines in (("queue", sampled), ("handed_over", moved))
            for line in lines
            for time_s, value in zip(line.times_s, line.values, strict=True)
        ),
    )


def _queue(data: SystemData) -> Line | None:
    points = [
        (number(sample["t"]), sum(number(one.get("queue")) for one in sample["balancers"].values()))
        for sample in data.samples
        if sample.get("balancers")
    ]
    if not points:
        return None
    times, values = zip(*points, strict=True)
    return Line(data, np.asarray(times), np.asarray(values, dtype=np.float64))


def _hand_overs(data: SystemData) -> Line | None:
    """Count hand-overs as a line that rises by one at each; None where there was none."""
    starts = sorted(record.start for record in data.read_records() if record.hops)
    if not starts:
        return None
    return Line(data, np.asarray(starts), np.arange(1, len(starts) + 1, dtype=np.float64))


def _draw_line(axes: Axes, data: SystemData, line: Line | None, without: str) -> None:
    if line is None:
        axes.text(0.02, 0.5, without, transform=axes.transAxes, va="center", fontsize=7, color=style.FAINT)
    else:
        axes.fill_between(
            line.times_s, line.values, step="post", color=data.look.colour, alpha=0.35, linewidth=0
        )
        axes.plot(line.times_s, line.values, color=data.look.colour, linewidth=0.8, drawstyle="steps-post")
    axes.set_xlim(left=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, min_n_ticks=2))
    axes.tick_params(axis="y", labelsize=6.5)
    axes.grid(axis="y")


def _top(lines: Sequence[Line]) -> float:
    return max((float(line.values.max()) for line in lines), default=0.0) * 1.08 or 1.0


def _tops(lines: list[Line]) -> str:
    return ", ".join(f"{line.data.name} {line.values.max():,.0f}" for line in lines) or "none"
