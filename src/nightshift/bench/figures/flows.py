"""A map of flows between regions: who asked where, and where the request was served.

A dot is a region, its number the share of the region's requests that was served there; an arrow goes from
the region that asked to the one that served, wider for more requests. Regions with a known place stand
where they are on the globe (`regions.csv`: the city or state that the cloud names), others on a circle.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import cos, pi, sin

from matplotlib.axes import Axes

from nightshift.bench.figures import style
from nightshift.bench.figures.data import KEY, RunData, SystemData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result

TITLE = "Flows between regions"
NOT_KNOWN = "not known"
COLUMNS = 2
PANEL_RATIO = 0.42
"""Height of a map over its width."""
WIDEST = 5.0
"""Points, of the arrow that carries all requests of a region."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Flows:
    """Requests of one system by (client region, serving region)."""

    data: SystemData
    counts: Mapping[tuple[str, str], int]

    def share(self, asked: str, served: str) -> float:
        """The share of a region's requests that another, or itself, served; 0 where it asked nothing."""
        total = sum(count for (region, _served), count in self.counts.items() if region == asked)
        return self.counts.get((asked, served), 0) / total if total else 0.0

    @property
    def known(self) -> bool:
        """Whether it is known of any request who served it."""
        return any(served != NOT_KNOWN for _asked, served in self.counts)


def draw(run: RunData) -> Iterator[Result]:
    """Draw one small map a system."""
    if len(run.regions) < 2:
        yield LeftOut(TITLE, "there is one region")
        return
    every = [_flows(data) for data in run.systems]
    shown = [flows for flows in every if flows.known]
    if not shown:
        yield LeftOut(TITLE, "no answer says which region served it")
        return
    regions = tuple(
        dict.fromkeys(
            [*run.regions, *(served for f in shown for _a, served in f.counts if served != NOT_KNOWN)]
        )
    )
    places, is_map = places_of(regions)
    rows = -(-len(shown) // COLUMNS)
    figure = style.new_figure(0.6 + 1.38 * rows, TITLE, run.subtitle)
    panels = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes, flows in zip(panels.flat, shown, strict=False):
        _draw_map(axes, flows, places)
    for axes in list(panels.flat)[len(shown) :]:
        axes.set_visible(False)
    silent = [flows.data.name for flows in every if not flows.known]
    yield Drawing(
        name="flows",
        title=TITLE,
        caption=(
            "Arrow: from the region that asked to the one that served, with the share of the asking region's "
            "requests; number at a region: the share served at home. First repetition, finished requests. "
            + ("Places as on a map." if is_map else "Places are not to scale.")
            + (f" Not known of {', '.join(silent)}." if silent else "")
        ),
        alt=f"Maps of flows. {_said(shown)}",
        figure=figure,
        header=(*KEY, "asked_in", "served_in", "requests", "share"),
        rows=csv_rows(
            (*flows.data.key, asked, served, count, flows.share(asked, served))
            for flows in every
            for (asked, served), count in sorted(flows.counts.items())
        ),
    )


def _flows(data: SystemData) -> Flows:
    replicas = {
        name: str(replica["region"])
        for sample in data.samples
        for name, replica in (sample.get("replicas") or {}).items()
    }
    counts = Counter(
        (record.region, record.served_by or replicas.get(record.replica or "", NOT_KNOWN))
        for record in data.read_records()
        if record.finished
    )
    return Flows(data, counts)


def places_of(regions: Sequence[str]) -> tuple[dict[str, Place], bool]:
    """Return a place for each region, and whether they are those of a map."""
    text = files("nightshift.bench.figures").joinpath("regions.csv").read_text(encoding="utf-8")
    known = {
        row["region"]: (float(row["longitude"]), float(row["latitude"]))
        for row in csv.DictReader(text.splitlines())
    }
    if all(region in known for region in regions):
        return {region: known[region] for region in regions}, True
    turn = 2 * pi / len(regions)
    return {
        region: (100 * cos(pi - number * turn), 40 * sin(pi - number * turn))
        for number, region in enumerate(regions)
    }, False


def _draw_map(axes: Axes, flows: Flows, places: Mapping[str, Place]) -> None:
    axes.set_title(style.shortened(style.printable(flows.data.name), 34), loc="left")
    for asked, start in places.items():
        for served, end in places.items():
            share = flows.share(asked, served)
            if asked != served and share > 0:
                _arrow(axes, start, end, share, flows.data.look.colour)
    for region, place in places.items():
        asks = any(asked == region for asked, _served in flows.counts)
        below = f"{flows.share(region, region):.0%} at home" if asks else "no clients"
        _name(
            axes,
            f"{style.shortened(style.printable(region), 18)}\n{below}",
            place,
            [x for x, _y in places.values()],
        )
    _frame(axes, [x for x, _y in places.values()], [y for _x, y in places.values()])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_facecolor("#f6f7f8")


def _frame(axes: Axes, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Leave room for the names at both sides, and make a degree as long across as upwards."""
    width = max(2.7 * (max(xs) - min(xs)), 1.4 * (max(ys) - min(ys)) / PANEL_RATIO, 10.0)
    x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    axes.set_xlim(x - width / 2, x + width / 2)
    axes.set_ylim(y - width * PANEL_RATIO / 2, y + width * PANEL_RATIO / 2)


def _name(axes: Axes, text: str, place: Place, xs: Sequence[float]) -> None:
    """Write beside the outermost regions, where no arrow comes, and above the others."""
    side = "left" if place[0] == min(xs) else "right" if place[0] == max(xs) else "above"
    offset, ha, va = {
        "left": ((-6, 0), "right", "center"),
        "right": ((6, 0), "left", "center"),
        "above": ((0, 7), "center", "bottom"),
    }[side]
    axes.plot(*place, "o", color=style.INK, markersize=4)
    axes.annotate(text, place, xytext=offset, textcoords="offset points", ha=ha, va=va, fontsize=6.5)


def _arrow(axes: Axes, start: Place, end: Place, share: float, colour: str) -> None:
    """Draw a bent arrow: both ways between two regions stay apart, and each carries its share."""
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.45,head_width=0.22",
            "connectionstyle": "arc3,rad=-0.3",
            "color": colour,
            "linewidth": 0.6 + (WIDEST - 0.6) * share,
            "shrinkA": 4,
            "shrinkB": 5,
            "alpha": 0.9,
        },
    )
    (x0, y0), (x1, y1) = start, end
    x, y = (x0 + x1) / 2 - 0.15 * (y1 - y0), (y0 + y1) / 2 + 0.15 * (x1 - x0)
    axes.text(
        x,
        y,
        f"{share:.0%}" if share >= 0.005 else "<1%",
        fontsize=6.5,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
    )


def _said(shown: Sequence[Flows]) -> str:
    return " ".join(
        f"{flows.data.name}: "
        + "; ".join(
            f"{asked} by {served} {flows.share(asked, served):.0%}" for asked, served in sorted(flows.counts)
        )
        + "."
        for flows in shown
    )
