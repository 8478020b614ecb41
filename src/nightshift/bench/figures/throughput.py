"""Throughput: weighted token/s (input + 2 x output) beside plain output token/s."""

from collections.abc import Iterator

from nightshift.bench.figures.bars import Side, draw_sides, sentence, table, values_of
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Drawing

WEIGHTED, OUTPUT = "weighted_token_per_s", "output_token_per_s"


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw both measures side by side, on axes from zero."""
    systems = run.systems
    figure, _ = draw_sides(
        run,
        "Throughput",
        Side(WEIGHTED, "weighted token/s\n(input + 2 × output)", _tokens),
        Side(OUTPUT, "output token/s\n", _tokens),
    )
    header, rows = table(systems, (WEIGHTED, OUTPUT))
    yield Drawing(
        name="throughput",
        title="Throughput",
        measures=(WEIGHTED, OUTPUT),
        caption=(
            "Tokens of finished requests a second: weighted (input + 2 × output) left, output alone right."
            + run.interval_note
        ),
        alt="Bars of weighted tokens per second: " + sentence(systems, values_of(systems, WEIGHTED), _tokens),
        figure=figure,
        header=header,
        rows=rows,
    )


def _tokens(value: float) -> str:
    return f"{value:,.0f}"
