"""Prefix hit rate: the share of prompt tokens that the engines had in their caches."""

from collections.abc import Iterator

from matplotlib.ticker import PercentFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, sentence, values_of
from nightshift.bench.figures.data import RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw one bar a system; an engine that does not report cached tokens leaves "not known"."""
    systems = run.systems
    rates = values_of(systems, lambda data: data.system.figures.get("prefix_hit_rate"))
    figure = style.new_figure(style.rows_height(len(systems)), "Prefix hit rate", run.subtitle)
    axes = figure.subplots()
    draw_bars(axes, systems, rates, "cached share of prompt tokens", _percent)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    style.list_systems(axes, [style.system_label(data.system.id, data.system.legend) for data in systems])
    yield Drawing(
        name="hit-rate",
        title="Prefix hit rate",
        caption="Cached prompt tokens over all prompt tokens, as the engines report them.",
        alt=f"Bars of the prefix hit rate: {sentence(systems, rates, _percent)}",
        figure=figure,
        header=("system", "legend", "prefix_hit_rate"),
        rows=csv_rows(
            (data.system.id, data.system.legend, rate) for data, rate in zip(systems, rates, strict=True)
        ),
    )


def _percent(value: float) -> str:
    return f"{value:.1%}"
