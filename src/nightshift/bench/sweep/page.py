"""The report of a sweep: one self-contained page, which links to the report of each step."""

from pathlib import Path
from urllib.parse import quote

from nightshift import __version__
from nightshift.bench.figures.index import Index
from nightshift.bench.report.html import Html, element, table
from nightshift.bench.report.pictures import embedded
from nightshift.bench.report.setting import tags
from nightshift.bench.report.shell import filled, whole_page
from nightshift.bench.results import Json


def write_page(folder: Path, sweep: Json, index: Index) -> Path:
    """Write `report.html` into the sweep's folder and return its path."""
    page = whole_page(
        title=str(sweep["experiment"]),
        version=__version__,
        kind="Nightshift load sweep",
        tags=tags(sweep["run"]),
        sections=filled(
            "nightshift.bench.sweep",
            "page.html",
            knees=_knees(sweep),
            figures=embedded(folder, folder / "figures", index),
            steps=_steps(folder, sweep),
        ),
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def knee_text(knee: Json | None, loads: list[float]) -> str:
    """Say where a knee is, or why it is not known."""
    if knee is None:
        return "not known: fewer than three steps with an answer"
    if knee["inside"]:
        return f"{knee['load']:g}"
    end = "at or below" if knee["load"] == min(loads) else "at or above"
    return f"{end} {knee['load']:g}: not inside the loads that were tried"


def _knees(sweep: Json) -> Html:
    rows = []
    for system in sweep["systems"]:
        loads = [point["load"] for point in system["points"]]
        most = max(point["figures"]["weighted_token_per_s"] or 0 for point in system["points"])
        rows.append(
            element(
                "tr",
                element("th", system["legend"], scope="row"),
                element("td", knee_text(system["knee"], loads)),
                element("td", f"{most:,.0f}"),
            )
        )
    head = [
        element("th", text, scope="col")
        for text in ("System", f"Knee ({sweep['load']})", "Most weighted token/s")
    ]
    return table("The knee of each system", head, rows)


def _steps(folder: Path, sweep: Json) -> Html:
    items = []
    for step in sweep["steps"]:
        name = f"{step['load']:g} {sweep['load']}"
        report = folder / step["folder"] / "report.html"
        if report.is_file():
            link = element("a", "report", href="./" + quote(f"{step['folder']}/report.html"))
            items.append(element("li", f"{name}: ", link))
        else:
            items.append(element("li", f"{name}: {'no report' if step['done'] else 'not measured yet'}"))
    return element("ul", *items)
