"""The fleet over time: running, pending and KV use of each replica, queue of each balancer.

One figure a system, one column a region, the same scales in all of them. It shows where the load stands
to the knee: below it batches have room and nobody waits; at it KV caches are full and pending or queues
begin; beyond it they only grow, caches are evicted before they are hit, and placement matters less.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.data import RunData, SystemData, csv_rows, number
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.names import numbered_name

REPLICA_ROWS = (("running", "running\n(requests)"), ("pending", "pending\n(requests)"), ("kv_use", "KV use"))
QUEUE_ROW = ("queue", "balancer\nqueue")
ROWS = (*REPLICA_ROWS, QUEUE_ROW)
SPOKEN = {"running": "running", "pending": "pending", "kv_use": "KV use", "queue": "balancer queue"}
NAMED_REPLICAS = 4
"""Up to so many replicas a region get a legend; of more, only the bundle can be read."""

Points = list[tuple[float, float]]


@dataclass
class Series:
    """The samples of one system as lines: seconds and value, by region, name and measure."""

    replicas: dict[str, dict[str, dict[str, Points]]] = field(default_factory=dict)
    queues: dict[str, Points] = field(default_factory=lambda: defaultdict(list))

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions that have a replica or a balancer."""
        return tuple(dict.fromkeys([*self.replicas, *self.queues]))


def series_of(data: SystemData) -> Series:
    """Turn samples into lines."""
    series = Series()
    for sample in data.samples:
        time_s = number(sample["t"])
        for name, replica in (sample.get("replicas") or {}).items():
            lines = series.replicas.setdefault(replica["region"], {}).setdefault(name, defaultdict(list))
            for measure, _label in REPLICA_ROWS:
                lines[measure].append((time_s, number(replica.get(measure))))
        for region, balancer in (sample.get("balancers") or {}).items():
            series.queues[region].append((time_s, number(balancer.get("queue"))))
    return series


@dataclass(frozen=True)
class Scales:
    """Ends of the axes, the same for all systems of a run: a reader compares heights."""

    tops: dict[str, float]
    longest_s: float


def draw(run: RunData) -> Iterator[Result]:
    """Draw each system that was sampled."""
    every = [(data, series_of(data)) for data in run.systems if data.samples]
    lines = [series for _data, series in every]
    scales = Scales(
        {measure: _top(lines, measure) for measure, _label in ROWS},
        max((number(data.samples[-1]["t"]) for data, _series in every), default=0.0),
    )
    for data in run.systems:
        if not data.samples:
            yield LeftOut(f"Fleet over time: {numbered_name(data.system.figures)}", "nothing was sampled")
    for data, series in every:
        yield _draw_system(run, data, series, scales)


def _lines(series: Series, region: str, measure: str) -> dict[str, Points]:
    """Lines of one panel, by the name of the replica (the queue has one, of the balancer)."""
    if measure == QUEUE_ROW[0]:
        return {region: series.queues[region]} if region in series.queues else {}
    return {name: lines[measure] for name, lines in series.replicas.get(region, {}).items()}


def _top(every: Sequence[Series], measure: str) -> float:
    """Upper end of the axis for a measure, the same for all systems."""
    if measure == "kv_use":
        return 1.0
    points = [value for series in every for value in _values(series, measure) if np.isfinite(value)]
    return max(points, default=0.0) or 1.0


def _values(series: Series, measure: str) -> list[float]:
    return [
        value
        for region in series.regions
        for line in _lines(series, region, measure).values()
        for _time, value in line
    ]


def _draw_system(run: RunData, data: SystemData, series: Series, scales: Scales) -> Drawing:
    title = f"Fleet over time: {numbered_name(data.system.figures)}"
    return Drawing(
        name=f"fleet-{data.system.folder_name}",
        title=title,
        measures=("running, pending, kv_use", "queue"),
        caption=(
            f"On average {_spoken(series)}. A line is a replica, a column a region; the last row is the "
            "queue of the balancer. All systems have the same scales."
        ),
        alt=f"Lines over time by replica and balancer. On average {_spoken(series)}.",
        figure=_panels((title, run.subtitle), data.look.colour, series, scales),
        header=("t_s", "region", "name", "measure", "value"),
        rows=_table(series),
    )


def _panels(head: tuple[str, str], colour: str, series: Series, scales: Scales) -> Figure:
    regions = series.regions
    width = max(style.WIDTH_IN, 0.8 + 1.5 * len(regions))
    figure = style.new_figure(4.9, *head, width_in=width)
    panels = figure.subplots(len(ROWS), len(regions), sharex=True, sharey="row", squeeze=False)
    for row, (measure, label) in enumerate(ROWS):
        panels[row, 0].set_ylabel(label)
        for column, region in enumerate(regions):
            axes = panels[row, column]
            _draw_lines(axes, _lines(series, region, measure), colour)
            _scale(axes, measure, scales.tops[measure])
    for column, region in enumerate(regions):
        panels[0, column].set_title(style.printable(region), loc="left")
        panels[-1, column].set_xlim(0, max(scales.longest_s, 1.0))
        panels[-1, column].set_xlabel("time (s)")
        _name_replicas(panels[0, column], region, len(series.replicas.get(region, {})))
    return figure


def _scale(axes: Axes, measure: str, top: float) -> None:
    axes.set_ylim(-0.03 * top, 1.06 * top)
    axes.grid(axis="y")
    if measure == "kv_use":
        axes.set_yticks([0.0, 0.5, 1.0])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))


def _draw_lines(axes: Axes, lines: dict[str, Points], colour: str) -> None:
    for (name, points), tone in zip(lines.items(), style.shades(colour, max(len(lines), 1)), strict=False):
        times, values = zip(*points, strict=True)
        axes.plot(times, values, color=tone, linewidth=0.9, label=style.printable(name))


def _name_replicas(axes: Axes, region: str, count: int) -> None:
    """Name the lines above the first panel, where there are few enough to tell apart."""
    if not 1 < count <= NAMED_REPLICAS:
        return
    lines, names = axes.get_legend_handles_labels()
    axes.legend(
        lines,
        [name.removeprefix(f"{region}-") for name in names],
        loc="lower right",
        bbox_to_anchor=(1.0, 0.99),
        ncols=count,
        handlelength=0.9,
        handletextpad=0.3,
        columnspacing=0.8,
        borderpad=0,
    )


def means_of(series: Series) -> list[tuple[float, float]]:
    """Mean over time and greatest value of each row, over all replicas or balancers; NaN if none."""
    found = []
    for measure, _label in ROWS:
        values = [value for value in _values(series, measure) if np.isfinite(value)]
        found.append((float(np.mean(values)), float(np.max(values))) if values else (np.nan, np.nan))
    return found


def _spoken(series: Series) -> str:
    return "; ".join(
        f"{name} {_amount(measure, mean)} (at most {_amount(measure, top)})"
        for (measure, name), (mean, top) in zip(SPOKEN.items(), means_of(series), strict=True)
        if np.isfinite(mean)
    )


def _amount(measure: str, value: float) -> str:
    return f"{value:.0%}" if measure == "kv_use" else f"{value:.3g}"


def _table(series: Series) -> list[tuple[str, ...]]:
    return csv_rows(
        (time_s, region, name, measure, value)
        for measure, _label in ROWS
        for region in series.regions
        for name, line in _lines(series, region, measure).items()
        for time_s, value in line
    )
