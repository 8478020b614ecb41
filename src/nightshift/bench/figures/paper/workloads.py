"""Figure 8: throughput, TTFT and E2E of each system on several workloads; one result folder each."""

from collections.abc import Iterator, Sequence

from nightshift.bench.figures import style
from nightshift.bench.figures.bars import draw_bars, interval_cells, intervals_of, values_of
from nightshift.bench.figures.boxes import HEADER, box_of, draw_boxes, limits
from nightshift.bench.figures.data import KEY, Floats, RunData, SystemData, csv_rows, missing_note, pooled
from nightshift.bench.figures.drawing import Drawing
from nightshift.bench.figures.latency import BOX_NOTE, spoken
from nightshift.bench.figures.paper.grid import panels

PATH = "weighted_token_per_s"


def draw(runs: Sequence[RunData]) -> Iterator[Drawing]:
    """Draw one figure a measure, one panel a workload."""
    yield _throughput(runs)
    yield _latency(runs, "ttft", "Time to first token (TTFT)", "TTFT (s)")
    yield _latency(runs, "e2e", "End-to-end latency (E2E)", "E2E (s)")


def _height(runs: Sequence[RunData]) -> float:
    return style.rows_height(max(len(run.systems) for run in runs), 0.3) - 0.1


def _throughput(runs: Sequence[RunData]) -> Drawing:
    title = "Figure 8: throughput"
    figure, every = panels(runs, title, _height(runs))
    for axes, run in zip(every, runs, strict=True):
        values, intervals = values_of(run.systems, PATH), intervals_of(run.systems, PATH)
        draw_bars(axes, run.systems, values, "weighted token/s", "{:,.0f}".format, intervals)
        style.list_systems(axes, [data.label for data in run.systems])
    said = "; ".join(
        f"{run.title}: " + ", ".join(f"{data.name} {data.figure(PATH):,.0f}" for data in run.systems)
        for run in runs
    )
    return Drawing(
        name="figure-8-throughput",
        title=title,
        caption="(Input + 2 × output) tokens of finished requests a second, from zero."
        + _interval_note(runs),
        alt=f"Bars of weighted tokens per second by workload. {said}.",
        figure=figure,
        header=("experiment", "workload", *KEY, PATH, f"{PATH}_low", f"{PATH}_high"),
        rows=csv_rows(
            (
                run.title,
                run.run.get("workload"),
                *data.key,
                data.figure(PATH),
                *interval_cells(data.interval(PATH)),
            )
            for run in runs
            for data in run.systems
        ),
    )


def _interval_note(runs: Sequence[RunData]) -> str:
    notes = dict.fromkeys(run.interval_note for run in runs)
    return "".join(notes) if len(notes) == 1 else " Lines: 95 % intervals, where a run was repeated."


def _latency(runs: Sequence[RunData], name: str, title: str, axis: str) -> Drawing:
    boxes = [[box_of(_values(data, name)) for data in run.systems] for run in runs]
    figure, every = panels(runs, f"Figure 8: {title}", _height(runs))
    for axes, run, row in zip(every, runs, boxes, strict=True):
        draw_boxes(axes, row, [data.look for data in run.systems], limits(row), axis)
        style.list_systems(axes, [data.label for data in run.systems])
    said = "; ".join(
        f"{run.title}: "
        + ", ".join(f"{data.name} {spoken(box)}" for data, box in zip(run.systems, row, strict=True))
        for run, row in zip(runs, boxes, strict=True)
    )
    missing = "".join(
        f" {run.title}:{note}" for run in runs if (note := missing_note(run, lambda d: _missing(d, name)))
    )
    return Drawing(
        name=f"figure-8-{name}",
        title=f"Figure 8: {title}",
        caption=f"{BOX_NOTE} Each panel has its own axis. All regions and repetitions together.{missing}",
        alt=f"Box plots, median and 90th percentile by workload. {said}.",
        figure=figure,
        header=("experiment", "workload", *KEY, *HEADER),
        rows=csv_rows(
            (run.title, run.run.get("workload"), *data.key, *box.cells())
            for run, row in zip(runs, boxes, strict=True)
            for data, box in zip(run.systems, row, strict=True)
        ),
    )


def _values(data: SystemData, name: str) -> Floats:
    return pooled(data.ttft_s if name == "ttft" else data.e2e_s)


def _missing(data: SystemData, name: str) -> int:
    return data.without_ttft if name == "ttft" else data.without_e2e
