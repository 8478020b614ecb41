"""TTFT and E2E over all regions, one box plot each."""

from collections.abc import Iterator

from nightshift.bench.figures import style
from nightshift.bench.figures.boxes import HEADER, Box, box_of, draw_boxes, limits
from nightshift.bench.figures.data import KEY, Floats, RunData, csv_rows, missing_note, pooled
from nightshift.bench.figures.drawing import Drawing

BOX_NOTE = "Box: 25th, 50th, 75th percentile; whiskers: 10th and 90th; diamond: mean; log axis."


def draw(run: RunData) -> Iterator[Drawing]:
    """Draw both latencies."""
    yield _draw(
        run,
        name="ttft",
        title="Time to first token (TTFT)",
        axis="TTFT (s)",
        values=[pooled(data.ttft_s) for data in run.systems],
        missing=missing_note(run, lambda data: data.without_ttft),
    )
    yield _draw(
        run,
        name="e2e",
        title="End-to-end latency (E2E)",
        axis="E2E (s)",
        values=[pooled(data.e2e_s) for data in run.systems],
        missing=missing_note(run, lambda data: data.without_e2e),
    )


def _draw(run: RunData, *, name: str, title: str, axis: str, values: list[Floats], missing: str) -> Drawing:
    systems = run.systems
    boxes = [box_of(numbers) for numbers in values]
    figure = style.new_figure(style.rows_height(len(systems)), title, run.subtitle)
    axes = figure.subplots()
    draw_boxes(axes, boxes, [data.look for data in systems], limits(boxes), axis)
    style.list_systems(axes, [data.label for data in systems])
    medians = "; ".join(f"{data.name} {spoken(box)}" for data, box in zip(systems, boxes, strict=True))
    return Drawing(
        name=name,
        title=title,
        measures=(f"{name}_s",),
        caption=f"All client regions{_repeated(run)} together. {BOX_NOTE}{missing}",
        alt=f"Box plots of {title}, median and 90th percentile: {medians}.",
        figure=figure,
        header=(*KEY, *HEADER),
        rows=csv_rows((*data.key, *box.cells()) for data, box in zip(systems, boxes, strict=True)),
    )


def _repeated(run: RunData) -> str:
    return f" and {run.repetitions} repetitions" if run.repetitions > 1 else ""


def spoken(box: Box) -> str:
    """Say a box in words: median and 90th percentile."""
    return f"{box.p50:.3g} s and {box.p90:.3g} s" if box.count else "no answered request"
