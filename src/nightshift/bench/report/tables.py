"""The results as HTML tables: all figures of all systems, and the main ones by client region."""

from collections.abc import Sequence

from nightshift.bench.figures.palette import colour
from nightshift.bench.report import columns
from nightshift.bench.report.columns import MARGIN, Column
from nightshift.bench.report.html import Html, element, join
from nightshift.bench.results import Json

MARGIN_NOTE = (
    f"Marked: the best value of a column, where it leads the next one by more than {MARGIN:.0%}. "
    f"{columns.ABSENT} means not known."
)


def results_table(summary: Json) -> Html:
    """All figures of `summary.json`, one row a system: the main ones, then latencies, then the rest."""
    rows = summary["systems"]
    return join(
        [
            _table(rows, rows, columns.MAIN, "Main figures, all client regions", overview=True),
            element("p", MARGIN_NOTE, class_="note"),
            _table(rows, rows, columns.LATENCIES, "Latencies, all client regions"),
            _table(rows, rows, columns.FURTHER, "Further figures, all client regions"),
        ]
    )


def region_tables(summary: Json, regions: Sequence[str]) -> Html:
    """One table for each client region that the summary knows."""
    rows = summary["systems"]
    parts = []
    for region in regions:
        figures = [(row.get("regions") or {}).get(region) or {} for row in rows]
        if any(figures):
            caption = f"Requests of the clients in {region}, wherever they were served"
            parts += [element("h3", region), _table(rows, figures, columns.REGIONAL, caption)]
    return join(parts) if parts else element("p", "The summary has no figures by region.", class_="note")


def _table(
    systems: Sequence[Json],
    figures: Sequence[Json],
    shown: Sequence[Column],
    caption: str,
    *,
    overview: bool = False,
) -> Html:
    """Make a table: names from the systems, numbers from their figures.

    An overview also has the suffixes of the systems and how each compares with system 0.
    """
    shown = columns.present(shown, figures)
    head = [_heading("System", "")]
    for column in shown:
        head.append(_heading(column.title, column.unit))
        if overview and column is columns.WEIGHTED:
            head.append(_heading("Against system 0", "weighted"))
    best = {column.path: columns.best_row(column, figures) for column in shown}
    baseline = columns.baseline_of(systems)
    body = []
    for place, (system, row) in enumerate(zip(systems, figures, strict=True)):
        cells = [_name(system, with_suffix=overview)]
        for column in shown:
            cells.append(
                element("td", column.text(row), class_=_class(column, row, best[column.path] == place))
            )
            if overview and column is columns.WEIGHTED:
                cells.append(element("td", columns.ratio_to(baseline, row)))
        body.append(element("tr", *cells))
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element("div", table, class_="scroll", role="region", tabindex="0", aria_label=caption)


def _heading(title: str, unit: str) -> Html:
    return element("th", title, " ", element("span", unit, class_="unit"), scope="col")


def _name(system: Json, *, with_suffix: bool) -> Html:
    suffix = [element("span", str(system["suffix"]), class_="suffix")] if with_suffix else []
    return element(
        "th",
        element("span", class_="swatch", style=f"background:{colour(int(system['id']))}"),
        f"{system['id']} {system['legend']}",
        *suffix,
        scope="row",
    )


def _class(column: Column, row: Json, is_best: bool) -> str | None:
    if column is columns.FAILED and column.value(row):
        return "bad"
    return "best" if is_best else None
