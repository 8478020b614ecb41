"""Goodput: the requests that kept every limit of the SLO, as a share of those judged and per second."""

from collections.abc import Iterator
from math import isnan

from matplotlib.ticker import PercentFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, interval_cells, intervals_of, sentence, values_of
from nightshift.bench.figures.data import KEY, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.hit_rate import percent

TITLE = "Goodput"
SHARE, RATE = "goodput.share", "goodput.request_per_s"
COUNTS = ("good", "judged", "undecided")


def draw(run: RunData) -> Iterator[Result]:
    """Draw share and rate side by side, on axes from zero."""
    systems = run.systems
    shares = values_of(systems, SHARE)
    if all(isnan(share) for share in shares):
        yield LeftOut(TITLE, "no request could be judged by the SLO")
        return
    figure = style.new_figure(style.rows_height(len(systems)), TITLE, run.subtitle)
    left, right = figure.subplots(1, 2, sharey=True)
    draw_bars(left, systems, shares, "good share of requests judged", percent, intervals_of(systems, SHARE))
    left.set_xticks([0.0, 0.5, 1.0])  # bars end at 100 %; what is beyond is room for words
    left.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    draw_bars(
        right, systems, values_of(systems, RATE), "good requests a second", _rate, intervals_of(systems, RATE)
    )
    style.list_systems(left, [data.label for data in systems])
    right.tick_params(axis="y", length=0)
    right.spines["left"].set_visible(False)
    yield Drawing(
        name="goodput",
        title=TITLE,
        measures=("goodput",),
        caption=f"{_kept(run)}: as a share of the requests judged, and a second.{run.interval_note}",
        alt=f"Bars of the share of good requests: {sentence(systems, shares, percent)}",
        figure=figure,
        header=(
            *KEY,
            *(name for path in (SHARE, RATE) for name in (path, f"{path}_low", f"{path}_high")),
            *COUNTS,
        ),
        rows=csv_rows(
            (
                *data.key,
                *(
                    cell
                    for path in (SHARE, RATE)
                    for cell in (data.figure(path), *interval_cells(data.interval(path)))
                ),
                *(data.figure(f"goodput.{name}") for name in COUNTS),
            )
            for data in systems
        ),
    )


def _kept(run: RunData) -> str:
    """Say which limits a good request kept; a folder of before they were noted does not tell."""
    limits = f" ({run.run['slo']}, in seconds)" if run.run.get("slo") else ""
    return f"Requests that finished and kept every limit of the SLO{limits}"


def _rate(value: float) -> str:
    return f"{value:,.2f}"
