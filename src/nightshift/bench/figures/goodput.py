"""Goodput: the requests that kept every limit of the SLO, as a share of those judged and per second."""

from collections.abc import Iterator
from math import isnan

from matplotlib.ticker import PercentFormatter

from nightshift.bench.figures.bars import Side, draw_sides, sentence, table, values_of
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.hit_rate import percent

TITLE = "Goodput"
SHARE, RATE = "goodput.share", "goodput.request_per_s"
COUNTS = ("goodput.good", "goodput.judged", "goodput.undecided")


def draw(run: RunData) -> Iterator[Result]:
    """Draw share and rate side by side, on axes from zero."""
    systems = run.systems
    shares = values_of(systems, SHARE)
    if all(isnan(share) for share in shares):
        yield LeftOut(TITLE, "no request could be judged by the SLO")
        return
    figure, left = draw_sides(
        run,
        TITLE,
        Side(SHARE, "good share of requests judged", percent),
        Side(RATE, "good requests a second", _rate),
    )
    left.set_xticks([0.0, 0.5, 1.0])  # bars end at 100 %; what is beyond is room for words
    left.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    header, rows = table(systems, (SHARE, RATE), COUNTS)
    yield Drawing(
        name="goodput",
        title=TITLE,
        measures=("goodput",),
        caption=f"{_kept(run)}: as a share of the requests judged, and a second.{run.interval_note}",
        alt=f"Bars of the share of good requests: {sentence(systems, shares, percent)}",
        figure=figure,
        header=header,
        rows=rows,
    )


def _kept(run: RunData) -> str:
    """Say which limits a good request kept; a folder of before they were noted does not tell."""
    limits = f" ({run.run['slo']}, in seconds)" if run.run.get("slo") else ""
    return f"Requests that finished and kept every limit of the SLO{limits}"


def _rate(value: float) -> str:
    return f"{value:,.2f}"
