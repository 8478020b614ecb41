"""Figure 9: what selective pushing does: throughput, TTFT and hit rate side by side.

The paper's systems are BP, SP-O and SP-P, which is the set `figure9`. Whatever a folder has of that set is
drawn; a folder without any of it is drawn whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nightshift.balancing.presets import SETS
from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, interval_cells, intervals_of, values_of
from nightshift.bench.figures.boxes import Box, box_of, draw_boxes, limits
from nightshift.bench.figures.data import KEY, RunData, SystemData, csv_rows, missing_note, pooled
from nightshift.bench.figures.drawing import Drawing
from nightshift.bench.figures.latency import BOX_NOTE

WEIGHTED, HIT_RATE = "weighted_token_per_s", "prefix_hit_rate"


class Ratios(NamedTuple):
    """The last system against another one."""

    other: str
    throughput: float
    ttft_p90: float


def draw(runs: Sequence[RunData]) -> Iterator[Drawing]:
    """Draw one figure a run."""
    for number, run in enumerate(runs):
        wanted = [data for data in run.systems if data.system.suffix in SETS["figure9"]]
        chosen = replace(run, systems=tuple(wanted) if len(wanted) > 1 else run.systems)
        yield _draw(chosen, "figure-9" if len(runs) == 1 else f"figure-9-{number + 1}")


def _draw(run: RunData, name: str) -> Drawing:
    boxes = [box_of(pooled(data.ttft_s)) for data in run.systems]
    title = f"Figure 9: selective pushing, {run.title}"
    said = _said(run.systems, boxes)
    return Drawing(
        name=name,
        title=title,
        caption=f"{said} {BOX_NOTE}{missing_note(run, lambda data: data.without_ttft)}{run.interval_note}",
        alt=f"Bars of throughput, box plots of TTFT, bars of the hit rate. {said}",
        figure=_panels(run, boxes, title),
        header=(
            *KEY, WEIGHTED, f"{WEIGHTED}_low", f"{WEIGHTED}_high", "ttft_p50_s", "ttft_p90_s", "ttft_mean_s",
            HIT_RATE, f"{HIT_RATE}_low", f"{HIT_RATE}_high",
        ),
        rows=csv_rows(
            (
                *data.key,
                data.figure(WEIGHTED),
                *interval_cells(data.interval(WEIGHTED)),
                box.p50,
                box.p90,
                box.mean,
                data.figure(HIT_RATE),
                *interval_cells(data.interval(HIT_RATE)),
            )
            for data, box in zip(run.systems, boxes, strict=True)
        ),
    )  # fmt: skip


def _panels(run: RunData, boxes: list[Box], title: str) -> Figure:
    systems = run.systems
    figure = style.new_figure(
        style.rows_height(len(systems)), title, run.subtitle, width_in=1.4 * style.WIDTH_IN
    )
    left, middle, right = figure.subplots(1, 3, sharey=True)
    draw_bars(
        left, systems, values_of(systems, WEIGHTED), "weighted token/s", "{:,.0f}".format,
        intervals_of(systems, WEIGHTED),
    )  # fmt: skip
    draw_boxes(middle, boxes, [data.look for data in systems], limits(boxes), "TTFT (s)")
    draw_bars(
        right, systems, values_of(systems, HIT_RATE), "prefix hit rate", "{:.1%}".format,
        intervals_of(systems, HIT_RATE),
    )  # fmt: skip
    right.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    style.list_systems(left, [data.label for data in systems])
    for axes in (middle, right):
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    return figure


def _said(systems: Sequence[SystemData], boxes: Sequence[Box]) -> str:
    """Say how the last system, which pushes most selectively, compares with each other one."""
    last, box = systems[-1], boxes[-1]
    found = [
        Ratios(data.name, last.figure(WEIGHTED) / data.figure(WEIGHTED), box.p90 / other.p90)
        for data, other in zip(systems[:-1], boxes[:-1], strict=True)
        if data.figure(WEIGHTED) > 0 and box.count and other.count
    ]
    return " ".join(
        f"{last.name} against {one.other}: {one.throughput:.2f} × the throughput, "
        f"{one.ttft_p90:.2f} × the TTFT p90."
        for one in found
        if np.isfinite(one.throughput)
    )
