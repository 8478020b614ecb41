"""Throughput: weighted token/s (input + 2 x output) beside plain output token/s."""

from collections.abc import Iterator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, interval_cells, intervals_of, sentence, values_of
from nightshift.bench.figures.data import KEY, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing

SIDES = (
    ("weighted_token_per_s", "weighted token/s\n(input + 2 × output)"),
    ("output_token_per_s", "output token/s\n"),
)


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw both measures side by side, on axes from zero."""
    systems = run.systems
    figure = style.new_figure(style.rows_height(len(systems)), "Throughput", run.subtitle)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, (path, axis) in zip((left, right), SIDES, strict=True):
        draw_bars(axes, systems, values_of(systems, path), axis, _tokens, intervals_of(systems, path))
    style.list_systems(left, [data.label for data in systems])
    right.tick_params(axis="y", length=0)
    right.spines["left"].set_visible(False)
    weighted = values_of(systems, SIDES[0][0])
    yield Drawing(
        name="throughput",
        title="Throughput",
        measures=("weighted_token_per_s", "output_token_per_s"),
        caption=(
            "Tokens of finished requests a second: weighted (input + 2 × output) left, output alone right."
            + run.interval_note
        ),
        alt=f"Bars of weighted tokens per second: {sentence(systems, weighted, _tokens)}",
        figure=figure,
        header=(*KEY, *(name for path, _axis in SIDES for name in (path, f"{path}_low", f"{path}_high"))),
        rows=csv_rows(
            (
                *data.key,
                *(
                    cell
                    for path, _axis in SIDES
                    for cell in (data.figure(path), *interval_cells(data.interval(path)))
                ),
            )
            for data in systems
        ),
    )


def _tokens(value: float) -> str:
    return f"{value:,.0f}"
