"""Hand-overs: how many requests a balancer gave to a peer in another region."""

from collections.abc import Iterator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, sentence, values_of
from nightshift.bench.figures.data import RunData, csv_rows, number
from nightshift.bench.figures.drawing import Drawing


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw the count of each system, with its share of all requests at the end of the bar."""
    systems = run.systems
    counts = values_of(systems, lambda data: data.system.figures.get("handed_over"))
    requests = values_of(systems, lambda data: data.system.figures.get("requests"))
    figure = style.new_figure(style.rows_height(len(systems)), "Hand-overs between regions", run.subtitle)
    axes = figure.subplots()
    draw_bars(axes, systems, counts, "requests handed over to a peer", _count)
    style.list_systems(axes, [style.system_label(data.system.id, data.system.legend) for data in systems])
    yield Drawing(
        name="hand-overs",
        title="Hand-overs between regions",
        caption=(
            "Requests that one balancer handed over to the balancer of another region. A system with one "
            "global balancer has no peer, so it shows zero although it crosses regions."
        ),
        alt=f"Bars of requests handed over: {sentence(systems, counts, _count)}",
        figure=figure,
        header=("system", "legend", "handed_over", "requests"),
        rows=csv_rows(
            (data.system.id, data.system.legend, count, number(total))
            for data, count, total in zip(systems, counts, requests, strict=True)
        ),
    )


def _count(value: float) -> str:
    return f"{value:,.0f}"
