"""What every page of ours is in: one file with its style sheet, that asks no server for anything."""

from importlib.resources import files
from string import Template

from nightshift.bench.report.html import Html, escape

_HERE = "nightshift.bench.report"


def whole_page(*, title: str, version: str, kind: str, tags: Html, sections: Html) -> Html:
    """Return a page with this heading; `sections` is its markup."""
    return filled(
        _HERE,
        "shell.html",
        title=escape(title),
        version=escape(version),
        style=Html(_text(_HERE, "page.css")),
        kind=escape(kind),
        tags=tags,
        sections=sections,
    )


def filled(package: str, name: str, **markup: Html) -> Html:
    """Return a template of a package with its places filled."""
    return Html(Template(_text(package, name)).substitute(markup))


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
