"""Prefix hit rate: the share of prompt tokens that the engines had in their caches."""

from collections.abc import Iterator
from math import isnan

from matplotlib.ticker import PercentFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, intervals_of, sentence, table, values_of
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result

TITLE = "Prefix hit rate"
PATH = "prefix_hit_rate"


def draw(run: RunData) -> Iterator[Result]:
    """Draw one bar a system; an engine that does not report cached tokens leaves "not known"."""
    systems = run.systems
    rates = values_of(systems, PATH)
    if all(isnan(rate) for rate in rates):
        yield LeftOut(TITLE, "no engine reported cached tokens")
        return
    figure = style.new_figure(style.rows_height(len(systems)), TITLE, run.subtitle)
    axes = figure.subplots()
    draw_bars(axes, systems, rates, "cached share of prompt tokens", percent, intervals_of(systems, PATH))
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    style.list_systems(axes, [data.label for data in systems])
    header, rows = table(systems, (PATH,))
    yield Drawing(
        name="hit-rate",
        title=TITLE,
        measures=(PATH,),
        caption=(
            "Cached prompt tokens over all prompt tokens, as the engines report them." + run.interval_note
        ),
        alt=f"Bars of the prefix hit rate: {sentence(systems, rates, percent)}",
        figure=figure,
        header=header,
        rows=rows,
    )


def percent(value: float) -> str:
    """Show a share."""
    return f"{value:.1%}"
