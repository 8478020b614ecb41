"""The report: one HTML file that needs nothing else, on a screen, a phone or paper.

Template and style sheet are files of this package. What fills them is made by the modules beside this one,
each of which escapes what it is given (see `html.py`); the page asks no server for anything.
"""

from pathlib import Path

from nightshift import __version__
from nightshift.bench.report.comparisons import comparisons
from nightshift.bench.report.defined import names_elsewhere, terms
from nightshift.bench.report.files import file_links
from nightshift.bench.report.html import Html, element
from nightshift.bench.report.pictures import pictures
from nightshift.bench.report.setting import facts, tags
from nightshift.bench.report.shell import filled, whole_page
from nightshift.bench.report.tables import region_tables, results_table
from nightshift.bench.report.verdict import verdict
from nightshift.bench.report.words import definitions, notes
from nightshift.bench.results import ResultFolder


def write_report(folder: ResultFolder) -> Path:
    """Write `report.html` into a result folder and return its path.

    Embeds the figures that `write_figures` made last; draws them first if it never ran. Raises
    `UserError` when the folder is not a result folder.
    """
    path = folder.path / "report.html"
    path.write_text(render(folder), encoding="utf-8")
    return path


def render(folder: ResultFolder) -> Html:
    """Make the page."""
    run, summary = folder.run, folder.summary
    return whole_page(
        title=str(run.get("experiment") or folder.path.name),
        version=str(run.get("version") or __version__),
        kind="Nightshift benchmark",
        tags=tags(run),
        sections=filled(
            "nightshift.bench.report",
            "page.html",
            verdict=_bullets(verdict(summary), "verdict"),
            results=results_table(summary),
            comparisons=comparisons(summary),
            regions=region_tables(summary, _client_regions(folder)),
            figures=pictures(folder),
            setting=facts(run),
            definitions=terms(definitions()),
            elsewhere=names_elsewhere(),
            notes=_bullets(notes(run, summary), "notes"),
            files=file_links(folder),
        ),
    )


def _client_regions(folder: ResultFolder) -> tuple[str, ...]:
    """Regions in the order of the run, then those that only the summary knows."""
    named = dict.fromkeys(folder.run.get("regions") or ())
    measured = {region: None for system in folder.systems for region in system.figures.get("regions") or ()}
    return tuple(named | measured)


def _bullets(sentences: list[str], name: str) -> Html:
    return element("ul", *(element("li", sentence) for sentence in sentences), class_=name)
