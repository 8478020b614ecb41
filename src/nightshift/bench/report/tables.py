"""The results as HTML tables: all figures of all systems, and the main ones by client region."""

from collections.abc import Sequence
from itertools import combinations

from nightshift.bench.figures.names import numbered_name, shown_name
from nightshift.bench.figures.palette import Look, looks, stripes
from nightshift.bench.report import columns
from nightshift.bench.report.columns import MARGIN, Column, Noise
from nightshift.bench.report.defined import defined
from nightshift.bench.report.html import Html, element, join, table
from nightshift.bench.results import Json
from nightshift.bench.statistics import HOW

MARGIN_NOTE = (
    f"Marked: the best value of a column, where it leads the next one by more than {MARGIN:.0%}. "
    f"{columns.ABSENT} means not known."
)

REPEATED_NOTE = (
    f" Each figure is the mean over the repetitions; below it stands its 95 % interval ({HOW}), unless all "
    "repetitions were equal. A lead within the noise of the repetitions is not marked."
)

FURTHER = (
    ("First token and end to end", columns.LATENCIES),
    ("Time between tokens", columns.TOKEN_TIMES),
    ("Waiting before and beside the engine", columns.WAITING),
    ("Goodput and balance", columns.GOOD_AND_EVEN),
    ("Further figures", columns.FURTHER),
)
"""Tables below the main one; one that no system has a figure for is left out."""


def results_table(summary: Json) -> Html:
    """All figures of `summary.json`, one row a system: the main ones, then latencies, then the rest."""
    rows = summary["systems"]
    noise = columns.noise_of(summary)
    note = MARGIN_NOTE + (REPEATED_NOTE if int(summary.get("repetitions") or 1) > 1 else "")
    return join(
        [
            _table(rows, rows, columns.MAIN, "Main figures, all client regions", noise, overview=True),
            element("p", note + _slo_note(summary), class_="note"),
            *(
                _table(rows, rows, shown, f"{caption}, all client regions", noise)
                for caption, shown in FURTHER
            ),
            defined(column.path for _caption, shown in (("", columns.MAIN), *FURTHER) for column in shown),
        ]
    )


def _slo_note(summary: Json) -> str:
    text = (summary.get("slo") or {}).get("text")
    return f" Goodput counts requests that kept {text} (seconds)." if text else ""


def region_tables(summary: Json, regions: Sequence[str]) -> Html:
    """One table for each client region that the summary knows."""
    rows = summary["systems"]
    parts = []
    for region in regions:
        figures = [(row.get("regions") or {}).get(region) or {} for row in rows]
        if any(figures):
            caption = f"Requests of the clients in {region}, wherever they were served"
            parts += [
                element("h3", region),
                _table(rows, figures, columns.REGIONAL, caption, overlaps(rows, figures)),
            ]
    return join(parts) if parts else element("p", "The summary has no figures by region.", class_="note")


def overlaps(systems: Sequence[Json], figures: Sequence[Json]) -> Noise:
    """Pairs of systems whose intervals overlap, where nobody compared them by seed."""
    return frozenset(
        (path, frozenset((str(one["suffix"]), str(other["suffix"]))))
        for (one, ours), (other, theirs) in combinations(zip(systems, figures, strict=True), 2)
        for path, (low, high) in (ours.get("intervals") or {}).items()
        if (found := (theirs.get("intervals") or {}).get(path)) and low <= found[1] and found[0] <= high
    )


def _table(
    systems: Sequence[Json],
    figures: Sequence[Json],
    shown: Sequence[Column],
    caption: str,
    noise: Noise = frozenset(),
    *,
    overview: bool = False,
) -> Html:
    """Make a table: names from the systems, numbers from their figures.

    An overview also has the suffixes of the systems and how each compares with the baseline.
    """
    shown = columns.present(shown, figures)
    if not shown:
        return Html("")
    baseline = columns.baseline_of(systems)
    known = looks((row["id"], str(row["suffix"])) for row in systems)
    head = [_heading("System", "")]
    for column in shown:
        head.append(_heading(column.title, column.unit))
        if overview and column is columns.WEIGHTED:
            head.append(_heading(f"Against {'' if baseline is None else shown_name(baseline)}", "weighted"))
    ranked = [{**row, "suffix": system["suffix"]} for system, row in zip(systems, figures, strict=True)]
    best = {column.path: columns.best_row(column, ranked, noise) for column in shown}
    body = []
    for place, (system, row) in enumerate(zip(systems, figures, strict=True)):
        cells = [_name(system, known[str(system["suffix"])], with_suffix=overview)]
        for column in shown:
            cells.append(_cell(column, row, best[column.path] == place))
            if overview and column is columns.WEIGHTED:
                cells.append(element("td", columns.ratio_to(baseline, row)))
        body.append(element("tr", *cells))
    return table(caption, head, body)


def _heading(title: str, unit: str) -> Html:
    return element("th", title, " ", element("span", unit, class_="unit"), scope="col")


def _cell(column: Column, row: Json, is_best: bool) -> Html:
    interval = columns.interval_of(column, row)
    below = [element("span", interval, class_="interval")] if interval else []
    return element("td", column.text(row), *below, class_=_class(column, row, is_best))


def _name(system: Json, look: Look, *, with_suffix: bool) -> Html:
    suffix = [element("span", str(system["suffix"]), class_="suffix")] if with_suffix else []
    return element(
        "th",
        element("span", class_="swatch", style=f"background:{stripes(look)}"),
        numbered_name(system),
        *suffix,
        scope="row",
    )


def _class(column: Column, row: Json, is_best: bool) -> str | None:
    if column is columns.FAILED and column.value(row):
        return "bad"
    return "best" if is_best else None
