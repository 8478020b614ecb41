"""Figure 2: the day of each country, and of all together.

Of real data it is the data's own day: each conversation at its time stamp, whatever the run played of it. The
stand-in has no time stamps; there it is when the run's conversations begin, in the countries that the
stand-in has put its users into (`workloads/countries.py`). Data that says no countries is drawn by client
region alone (`daily.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.palette import Look, look_at
from nightshift.bench.figures.paper.daily import (
    CLOSED_LOOP,
    cycle_of,
    day_of,
    draw_line,
    draw_regions,
    histogram,
    show_hours,
    spoken,
    spoken_ratio,
    together,
)
from nightshift.bench.figures.paper.used import arrivals, asking_regions, real_chats

TITLE = "Figure 2: the day of each country"
ANY_TITLE = "Figure 2: the day of each country or region"
LARGEST = 6
"""Countries with a line of their own, as many as in the paper."""
OTHER, ALL = "other", "all"
DAY_S = 86_400.0
NO_COUNTRIES = "this data does not say country and time of day of a conversation"
STAND_IN = (
    "Which countries a region's users live in is the stand-in's choice (of those in the region's time zone), "
    "and all of a region have its cycle"
)

Place = tuple[float | None, str | None]
"""Where in a day (UTC) a conversation was, from 0 to 1, and in which country, as far as is known."""


@dataclass(frozen=True)
class CountryDays:
    """Conversations in each hour (UTC) by country, the largest first, and how they were counted."""

    counts: Mapping[str, Floats]
    left_out: int
    """Conversations whose country or time is not known."""
    told: str
    """How they were counted, of which data; follows a number, and has no end."""

    @property
    def total(self) -> Floats:
        """All countries together."""
        return together(self.counts.values())


def count(places: Iterable[Place]) -> tuple[dict[str, Floats], int]:
    """Count conversations by country and hour, the largest country first, and those of no known place."""
    parts: dict[str, list[float]] = {}
    left_out = 0
    for part, country in places:
        if part is None or country is None:
            left_out += 1
        else:
            parts.setdefault(country, []).append(part)
    ordered = sorted(parts, key=lambda country: (-len(parts[country]), country))
    return {country: histogram(parts[country]) for country in ordered}, left_out


def largest(counts: Mapping[str, Floats], number: int = LARGEST) -> dict[str, Floats]:
    """Keep the first `number` countries, and put the rest together as `OTHER`."""
    names = list(counts)
    kept = {name: counts[name] for name in names[:number]}
    rest = [counts[name] for name in names[number:]]
    return {**kept, OTHER: together(rest)} if rest else kept


def days_of(run: RunData) -> CountryDays | None:
    """Count the run's data by country; None where it has no countries with times.

    Raises `UserError` where real data is not there any more.
    """
    real = real_chats(run)
    places = (
        ((None if one.at_s is None else one.at_s / DAY_S % 1.0, one.country) for one in chats.everyone)
        for chats in real
    )
    counts, left_out = count(place for chats in places for place in chats) if real else count(_begun(run))
    if not counts:
        return None
    if not real:
        told = f"as the run begins them. Stand-in ({run.run.get('data')}). {STAND_IN}"
        return CountryDays(counts, left_out, told)
    sources = "; ".join(dict.fromkeys(chats.text.removeprefix("real: ") for chats in real))
    told = (
        f"at the data's own time stamps. Real data ({sources}): its conversations of more than one turn, "
        "whatever the run played of them"
    )
    return CountryDays(counts, left_out, told)


def _begun(run: RunData) -> Iterator[Place]:
    day = day_of(run)
    for region in asking_regions(run) if day.is_day else ():
        for at_s, country in arrivals(run, region):
            yield day.part(at_s), country


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one figure a run by country, and one by client region where the run has a day of its own."""
    for place, run in enumerate(runs):
        end = "" if len(runs) == 1 else f"-{place + 1}"
        days, cycle = days_of(run), cycle_of(run)
        if days is not None:
            yield _draw(run, days, f"figure-2{end}")
        if cycle is not None:
            name = f"figure-2{end}" if days is None else f"figure-2-regions{end}"
            why = NO_COUNTRIES if days is None else f"that is figure-2{end}"
            yield draw_regions(run, cycle, name, why)
        if days is None and cycle is None:
            why = f"{CLOSED_LOOP}, or real data that has countries and time stamps, as WildChat's"
            yield LeftOut(f"{ANY_TITLE}, {run.title}", why)


def _others(countries: int) -> str:
    return "one other" if countries == 1 else f"{countries} others"


def _draw(run: RunData, days: CountryDays, name: str) -> Drawing:
    shown = largest(days.counts)
    figure = style.new_figure(4.8, TITLE, run.subtitle)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    draw_line(upper, f"all {len(days.counts)} together ({_times(days.total)})", days.total, _SUM)
    for place, (country, values) in enumerate(shown.items()):
        label = _others(len(days.counts) - LARGEST) if country == OTHER else style.printable(country)
        look = _REST if country == OTHER else look_at(place + 1)
        draw_line(lower, f"{label} ({_times(values)})", values, look)
    for axes in (upper, lower):
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.grid(axis="y")
    upper.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=3))
    show_hours(lower, "hour of the day (UTC)")
    figure.supylabel("conversations", fontsize=8.5)
    title = "in brackets: busiest over quietest hour"
    figure.legend(loc="outside lower left", ncols=2, title=title, title_fontsize=7.5, alignment="left")
    lines = {**shown, ALL: days.total}
    left_out = f" Left out, without a country or a time: {days.left_out:,}." if days.left_out else ""
    return Drawing(
        name=name,
        title=TITLE,
        caption=f"Conversations by country and hour of the day (UTC), {days.total.sum():,.0f} in all, "
        f"{days.told}.{left_out} {len(days.counts)} countries; busiest over quietest hour: {spoken(lines)}.",
        alt=f"Lines by country, and of their sum. Busiest over quietest hour: {spoken(lines)}.",
        figure=figure,
        header=("country", "hour_utc", "conversations"),
        rows=csv_rows(
            (country, hour, float(value))
            for country, values in lines.items()
            for hour, value in enumerate(values)
        ),
    )


_SUM = Look(style.INK, "", "-", "o")
_REST = Look(style.FAINT, "", ":", "x")


def _times(values: Floats) -> str:
    said = spoken_ratio(values)
    return said if "none" in said else f"{said} ×"
