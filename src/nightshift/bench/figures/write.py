"""Draws all figures of a result folder and writes them to `figures/`.

Figures are drawn one after another, so that only one is in memory. Those of an earlier drawing, which the
index names, are removed first: what lies in the folder is what the results say now.
"""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from nightshift.bench.figures import fleet, hand_overs, hit_rate, latency, style, throughput, ttft_by_region
from nightshift.bench.figures.data import RunData, load_run
from nightshift.bench.figures.drawing import Drawing
from nightshift.bench.figures.index import FigureEntry, figures_path, read_index, write_index
from nightshift.bench.results import ResultFolder

KINDS: tuple[Callable[[RunData], Iterator[Drawing]], ...] = (
    throughput.draw,
    latency.draw,
    ttft_by_region.draw,
    hit_rate.draw,
    hand_overs.draw,
    fleet.draw,
)
"""One entry a kind of figure, in the order of the report."""


def draw_all(folder: ResultFolder) -> list[Path]:
    """Draw what there is data for; return the paths of the PNGs."""
    run = load_run(folder)
    target = figures_path(folder)
    target.mkdir(exist_ok=True)
    _remove_old(target, read_index(folder))
    with style.house_style():
        entries = [_write(target, drawing) for draw in KINDS for drawing in draw(run)]
    write_index(folder, entries)
    return [target / f"{entry.name}.png" for entry in entries]


def _remove_old(target: Path, entries: list[FigureEntry] | None) -> None:
    for entry in entries or ():
        for suffix in (".png", ".csv"):
            (target / f"{Path(entry.name).name}{suffix}").unlink(missing_ok=True)


def _write(target: Path, drawing: Drawing) -> FigureEntry:
    drawing.figure.savefig(target / f"{drawing.name}.png", metadata={"Software": "nightshift"})
    with (target / f"{drawing.name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(drawing.header)
        writer.writerows(drawing.rows)
    return FigureEntry(drawing.name, drawing.title, drawing.caption, drawing.alt)
