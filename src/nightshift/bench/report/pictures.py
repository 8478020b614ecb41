"""The figures in the page: PNGs inlined as base64, with caption and alternative text."""

import base64
from pathlib import Path
from urllib.parse import quote

from nightshift.bench.figures import write_figures
from nightshift.bench.figures.index import FigureEntry, Index, figures_path, read_index
from nightshift.bench.report.defined import defined
from nightshift.bench.report.html import Html, element, join
from nightshift.bench.results import ResultFolder


def pictures(folder: ResultFolder) -> Html:
    """Embed all figures of a folder; draw them first if none were ever drawn."""
    index = read_index(figures_path(folder))
    if index is None:
        write_figures(folder)
        index = read_index(figures_path(folder)) or Index([], [])
    return embedded(folder.path, figures_path(folder), index)


def embedded(page: Path, target: Path, index: Index) -> Html:
    """Embed the figures of an index, for a page in the folder `page`, and say which are left out and why."""
    shown = [_picture(page, target, entry) for entry in index.figures]
    parts = [element("div", *shown, class_="grid")]
    if index.left_out:
        why = [element("li", element("strong", one.title), f": {one.why}.") for one in index.left_out]
        parts += [element("h3", "Figures left out"), element("ul", *why, class_="left-out")]
    return join(parts)


def _picture(page: Path, target: Path, entry: FigureEntry) -> Html:
    image = (target / f"{entry.name}.png").read_bytes()
    source = "data:image/png;base64," + base64.b64encode(image).decode("ascii")
    here = target.relative_to(page).as_posix()
    links = [
        element("a", text, href="./" + quote(f"{here}/{entry.name}{suffix}"))
        for text, suffix in (("data (CSV)", ".csv"), ("SVG", ".svg"))
    ]
    return element(
        "figure",
        element("img", src=source, alt=entry.alt, loading="lazy"),
        element(
            "figcaption",
            element("strong", f"{entry.title}. "),
            f"{entry.caption} ",
            links[0],
            ", ",
            links[1],
            defined(entry.measures),
        ),
        id=f"figure-{entry.name}",
    )
