"""Figure 2 by client region: when the regions' work begins, a daily cycle each, of the run's own data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing
from nightshift.bench.figures.palette import Look, look_at
from nightshift.bench.figures.paper.used import arrivals, asking_regions

TITLE = "Figure 2: the day of each client region"
CLOSED_LOOP = (
    "its users are a closed loop, which begins work when answers come and has no day; run the workload "
    "diurnal or another open loop"
)
BINS = 24


@dataclass(frozen=True)
class Cycle:
    """Arrivals by region in `BINS` equal parts of a day, or of the run where it says nothing of days."""

    counts: Mapping[str, Floats]
    is_day: bool
    bin_s: float
    """Seconds of the run in one bin, all days of the run together."""

    @property
    def total(self) -> Floats:
        """All regions together."""
        return together(self.counts.values())


@dataclass(frozen=True)
class RunsDay:
    """How a run's seconds lie in a day; a run that says nothing of days is one."""

    is_day: bool
    day_s: float
    start: float
    """Where in the day the run begins, from 0 to 1."""

    def part(self, at_s: float) -> float:
        """Return where in the day a second of the run is, from 0 to 1."""
        return (self.start + at_s / self.day_s) % 1.0


def day_of(run: RunData) -> RunsDay:
    """Read a run's day."""
    arguments = run.run.get("workload_args") or {}
    duration_s = float(run.run.get("duration_s") or 0.0)
    if run.run.get("workload") != "diurnal":
        return RunsDay(False, duration_s, 0.0)
    start = float(arguments.get("start_hour") or 0.0) / 24
    return RunsDay(True, float(arguments.get("day_seconds") or duration_s), start)


def cycle_of(run: RunData) -> Cycle | None:
    """Count arrivals; None in a closed loop, or where nothing arrives."""
    day = day_of(run)
    counts = {
        region: histogram([day.part(at_s) for at_s, _country in arrivals(run, region)])
        for region in asking_regions(run)
    }
    if not counts or not any(values.sum() for values in counts.values()):
        return None
    duration_s = float(run.run.get("duration_s") or 0.0)
    return Cycle(counts, day.is_day, max(duration_s, day.day_s) / BINS)


def histogram(parts: list[float]) -> Floats:
    """Count parts of a day, from 0 to 1, in `BINS` equal bins."""
    return np.histogram(parts, bins=BINS, range=(0.0, 1.0))[0].astype(np.float64)


def together(counts: Iterable[Floats]) -> Floats:
    """Add up, part by part of the day."""
    return np.asarray(np.sum(list(counts), axis=0), dtype=np.float64)


def peak_to_trough(values: Floats) -> float:
    """Busiest part over quietest; infinite where nothing arrives in one."""
    return float(values.max() / values.min()) if values.min() > 0 else float("inf")


def spoken(counts: Mapping[str, Floats]) -> str:
    """Say the busiest part over the quietest of each."""
    return "; ".join(f"{name} {spoken_ratio(values)}" for name, values in counts.items())


def spoken_ratio(values: Floats) -> str:
    """Say the busiest part over the quietest."""
    ratio = peak_to_trough(values)
    return f"{ratio:.1f}" if np.isfinite(ratio) else f"{values.max():.0f} to none"


def draw_regions(run: RunData, cycle: Cycle, name: str, why: str) -> Drawing:
    """Draw a line for each client region; `why` says in the caption what that has to do with countries."""
    figure = style.new_figure(3.2, TITLE, run.subtitle)
    axes = figure.subplots()
    for place, (region, values) in enumerate(cycle.counts.items()):
        draw_line(axes, style.printable(region), values, look_at(place + 1))
    axes.set_ylim(bottom=0)
    show_hours(axes, "hour of the day (UTC)" if cycle.is_day else "part of the run (24ths)")
    axes.set_ylabel("conversations begun")
    axes.grid(axis="y")
    figure.legend(loc="outside lower left", ncols=2)
    said = spoken({**cycle.counts, "all": cycle.total})
    return Drawing(
        name=name,
        title=TITLE,
        caption=f"Conversations begun in each {'hour' if cycle.is_day else '24th of the run'}, by client "
        f"region and not, as in the paper, by country: {why}. Data: {run.run.get('data') or 'not said'}. "
        f"Busiest over quietest: {said}.",
        alt=f"Lines by region. Busiest over quietest: {said}.",
        figure=figure,
        header=("region", "hour_utc" if cycle.is_day else "part", "begun"),
        rows=csv_rows(
            (region, hour, float(value))
            for region, values in cycle.counts.items()
            for hour, value in enumerate(values)
        ),
    )


def show_hours(axes: Axes, label: str) -> None:
    """Give the horizontal axis the parts of a day."""
    axes.set_xlim(0, BINS)
    axes.set_xticks(range(0, BINS + 1, 4))
    axes.set_xlabel(label)


def draw_line(axes: Axes, label: str, values: Floats, look: Look) -> None:
    """Draw what `histogram` counted, each at the middle of its part of the day."""
    middles = np.arange(BINS) + 0.5
    axes.plot(
        middles, values, look.line, marker=look.marker, markersize=3.5, color=look.colour, label=label
    )  # fmt: skip
