"""The figures in the page: PNGs inlined as base64, with caption and alternative text."""

import base64

from nightshift.bench.figures import FigureEntry, read_index, write_figures
from nightshift.bench.figures.index import figures_path
from nightshift.bench.report.html import Html, element
from nightshift.bench.results import ResultFolder


def pictures(folder: ResultFolder) -> Html:
    """Embed all figures of a folder; draw them first if none were ever drawn."""
    entries = read_index(folder)
    if entries is None:
        write_figures(folder)
        entries = read_index(folder) or []
    return element("div", *(_picture(folder, entry) for entry in entries), class_="grid")


def _picture(folder: ResultFolder, entry: FigureEntry) -> Html:
    image = (figures_path(folder) / f"{entry.name}.png").read_bytes()
    source = "data:image/png;base64," + base64.b64encode(image).decode("ascii")
    return element(
        "figure",
        element("img", src=source, alt=entry.alt, loading="lazy"),
        element(
            "figcaption",
            element("strong", f"{entry.title}. "),
            f"{entry.caption} ",
            element("a", "Data (CSV)", href=f"figures/{entry.name}.csv"),
        ),
        id=f"figure-{entry.name}",
    )
