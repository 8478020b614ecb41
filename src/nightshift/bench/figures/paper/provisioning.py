"""Figure 3: one fleet for the peak of all regions, or one in each region for its own peak; in dollars.

Demand is that of Figure 2, scaled so that the peak of all regions together takes as many machines as the
run had replicas; machines may be fractions. Prices: `prices.csv`, which names their sources.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from nightshift.bench.figures import style
from nightshift.bench.figures.data import RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.paper.daily import CLOSED_LOOP, Cycle, cycle_of

TITLE = "Figure 3: what provisioning costs"
INSTANCE = "p5.48xlarge"
"""The paper's: the only one with both prices."""


@dataclass(frozen=True)
class Prices:
    """Dollars an hour of one machine."""

    reserved: float
    on_demand: float
    source: str


@dataclass(frozen=True)
class Way:
    """A way to provision, and what it costs a day."""

    name: str
    machine_hours: float
    usd_per_hour: float

    @property
    def usd_per_day(self) -> float:
        """Dollars a day."""
        return self.machine_hours * self.usd_per_hour


def prices_of(instance: str) -> Prices:
    """Read the prices of an instance that has both."""
    text = files("nightshift.bench.figures.paper").joinpath("prices.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["instance"] == instance]
    by_kind = {row["kind"]: float(row["usd_per_hour"]) for row in rows}
    return Prices(by_kind["reserved"], by_kind["on_demand"], rows[0]["source"])


def ways_of(cycle: Cycle, machines: float, prices: Prices) -> list[Way]:
    """Return the three ways. `machines` is what the peak of all regions together takes."""
    total = cycle.total
    each = machines / float(total.max())
    sum_of_peaks = each * sum(float(values.max()) for values in cycle.counts.values())
    used_hours = each * float(total.mean()) * 24
    return [
        Way("each region for its own peak, reserved", sum_of_peaks * 24, prices.reserved),
        Way("one fleet for the peak of all, reserved", machines * 24, prices.reserved),
        Way("perfect autoscaling, on demand", used_hours, prices.on_demand),
    ]


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one figure a run."""
    for number, run in enumerate(runs):
        cycle = cycle_of(run)
        if cycle is None:
            yield LeftOut(f"{TITLE}, {run.title}", CLOSED_LOOP)
            continue
        yield _draw(run, cycle, "figure-3" if len(runs) == 1 else f"figure-3-{number + 1}")


def _draw(run: RunData, cycle: Cycle, name: str) -> Drawing:
    prices, machines = prices_of(INSTANCE), float(run.replicas or 1)
    ways = ways_of(cycle, machines, prices)
    apart, together, scaled = (way.usd_per_day for way in ways)
    figure = style.new_figure(2.0, TITLE, run.subtitle)
    axes = figure.subplots()
    bars = axes.barh(
        range(3), [way.usd_per_day for way in ways], height=0.6, color=["#7a7a7a", "#0072b2", "#e69f00"]
    )
    axes.bar_label(bars, [f"${way.usd_per_day:,.0f}" for way in ways], padding=3, fontsize=7.5)
    style.list_systems(axes, [way.name.replace(", ", ",\n") for way in ways])
    axes.set_xlim(0, 1.2 * max(apart, together, scaled))
    axes.set_xlabel("dollars a day")
    axes.grid(axis="x")
    said = (
        f"One fleet costs {1 - together / apart:.1%} less than one for each region's peak; perfect "
        f"autoscaling on demand costs {scaled / together:.2f} × as much as the one fleet."
    )
    return Drawing(
        name=name,
        title=TITLE,
        caption=(
            f"{said} Scaled so that the peak of all regions takes {machines:g} machines; {INSTANCE} at "
            f"${prices.reserved:g}/h reserved and ${prices.on_demand:g}/h on demand ({prices.source})."
        ),
        alt=f"Bars of dollars a day. {said}",
        figure=figure,
        header=("way", "machine_hours_per_day", "usd_per_hour", "usd_per_day"),
        rows=csv_rows((way.name, way.machine_hours, way.usd_per_hour, way.usd_per_day) for way in ways),
    )
