"""Figure 2: when the regions' work begins: a daily cycle each, of the data that the run used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.palette import look_at
from nightshift.bench.figures.paper.used import arrivals_s, asking_regions

TITLE = "Figure 2: the day of each client region (paper: country)"
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
        return np.asarray(np.sum(list(self.counts.values()), axis=0), dtype=np.float64)


def cycle_of(run: RunData) -> Cycle | None:
    """Count arrivals; None in a closed loop, or where nothing arrives."""
    arguments = run.run.get("workload_args") or {}
    duration_s = float(run.run.get("duration_s") or 0.0)
    is_day = run.run.get("workload") == "diurnal"
    day_s = float(arguments.get("day_seconds") or duration_s) if is_day else duration_s
    start = float(arguments.get("start_hour") or 0.0) / 24 if is_day else 0.0
    counts = {}
    for region in asking_regions(run):
        parts = [(start + at_s / day_s) % 1.0 for at_s in arrivals_s(run, region)]
        counts[region] = np.histogram(parts, bins=BINS, range=(0.0, 1.0))[0].astype(np.float64)
    if not counts or not any(values.sum() for values in counts.values()):
        return None
    return Cycle(counts, is_day, max(duration_s, day_s) / BINS)


def peak_to_trough(values: Floats) -> float:
    """Busiest part over quietest; infinite where nothing arrives in one."""
    return float(values.max() / values.min()) if values.min() > 0 else float("inf")


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one figure a run."""
    for number, run in enumerate(runs):
        cycle = cycle_of(run)
        name = "figure-2" if len(runs) == 1 else f"figure-2-{number + 1}"
        yield LeftOut(f"{TITLE}, {run.title}", CLOSED_LOOP) if cycle is None else _draw(run, cycle, name)


def _draw(run: RunData, cycle: Cycle, name: str) -> Drawing:
    figure = style.new_figure(3.2, TITLE, run.subtitle)
    axes = figure.subplots()
    for place, (region, values) in enumerate(cycle.counts.items()):
        _line(axes, region, values, place)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, BINS)
    axes.set_xticks(range(0, BINS + 1, 4))
    axes.set_xlabel("hour of the day (UTC)" if cycle.is_day else "part of the run (24ths)")
    axes.set_ylabel("conversations begun")
    axes.grid(axis="y")
    figure.legend(loc="outside lower left", ncols=2)
    said = "; ".join(
        f"{region} {_spoken(values)}" for region, values in [*cycle.counts.items(), ("all", cycle.total)]
    )
    return Drawing(
        name=name,
        title=TITLE,
        caption=f"Conversations begun in each {'hour' if cycle.is_day else '24th of the run'}, by client "
        f"region (the paper has countries), of the data that the run used. Busiest over quietest: {said}.",
        alt=f"Lines by region. Busiest over quietest: {said}.",
        figure=figure,
        header=("region", "hour_utc" if cycle.is_day else "part", "begun"),
        rows=csv_rows(
            (region, hour, float(value))
            for region, values in cycle.counts.items()
            for hour, value in enumerate(values)
        ),
    )


def _spoken(values: Floats) -> str:
    ratio = peak_to_trough(values)
    return f"{ratio:.1f}" if np.isfinite(ratio) else f"{values.max():.0f} to none"


def _line(axes: Axes, region: str, values: Floats, place: int) -> None:
    look = look_at(place + 1)
    middles = np.arange(BINS) + 0.5
    axes.plot(
        middles, values, look.line, marker=look.marker, markersize=3.5, color=look.colour,
        label=style.printable(region),
    )  # fmt: skip
