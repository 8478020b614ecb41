"""Hand-overs: how many requests a balancer gave to a peer in another region."""

from collections.abc import Iterator

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, intervals_of, sentence, table, values_of
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Drawing

TITLE = "Hand-overs between regions"
PATH = "handed_over"


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw the count of each system."""
    systems = run.systems
    counts = values_of(systems, PATH)
    figure = style.new_figure(style.rows_height(len(systems)), TITLE, run.subtitle)
    axes = figure.subplots()
    draw_bars(axes, systems, counts, "requests handed over to a peer", _count, intervals_of(systems, PATH))
    style.list_systems(axes, [data.label for data in systems])
    header, rows = table(systems, (PATH,), ("requests",))
    yield Drawing(
        name="hand-overs",
        title=TITLE,
        measures=(PATH,),
        caption=(
            "Requests that one balancer handed over to the balancer of another region. A system with one "
            "global balancer has no peer, so it shows zero although it crosses regions." + run.interval_note
        ),
        alt=f"Bars of requests handed over: {sentence(systems, counts, _count)}",
        figure=figure,
        header=header,
        rows=rows,
    )


def _count(value: float) -> str:
    return f"{value:,.0f}"
