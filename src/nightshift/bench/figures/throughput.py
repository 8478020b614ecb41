"""Throughput: weighted token/s (input + 2 x output) beside plain output token/s."""

from collections.abc import Iterator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, sentence, values_of
from nightshift.bench.figures.data import RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw both measures side by side, on axes from zero."""
    systems = run.systems
    weighted = values_of(systems, lambda data: data.system.figures.get("weighted_token_per_s"))
    output = values_of(systems, lambda data: data.system.figures.get("output_token_per_s"))
    figure = style.new_figure(style.rows_height(len(systems)), "Throughput", run.subtitle)
    left, right = figure.subplots(1, 2, sharey=True)
    draw_bars(left, systems, weighted, "weighted token/s\n(input + 2 × output)", _tokens)
    draw_bars(right, systems, output, "output token/s\n", _tokens)
    style.list_systems(left, [style.system_label(data.system.id, data.system.legend) for data in systems])
    right.tick_params(axis="y", length=0)
    right.spines["left"].set_visible(False)
    yield Drawing(
        name="throughput",
        title="Throughput",
        caption=(
            "Tokens of finished requests a second: weighted (input + 2 × output) left, output alone right."
        ),
        alt=f"Bars of weighted tokens per second: {sentence(systems, weighted, _tokens)}",
        figure=figure,
        header=("system", "legend", "weighted_token_per_s", "output_token_per_s"),
        rows=csv_rows(
            (data.system.id, data.system.legend, first, second)
            for data, first, second in zip(systems, weighted, output, strict=True)
        ),
    )


def _tokens(value: float) -> str:
    return f"{value:,.0f}"
