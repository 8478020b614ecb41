"""Draws figures and writes each as PNG, as SVG and, its numbers, as CSV.

Figures are drawn one after another, so that only one is in memory. Those of an earlier drawing, which the
index names, are removed first: what lies in the folder is what the results say now.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from nightshift.bench.figures import style
from nightshift.bench.figures.drawing import Drawing, Result
from nightshift.bench.figures.index import (
    SUFFIXES,
    FigureEntry,
    Index,
    LeftOutEntry,
    figures_path,
    read_index,
    write_index,
)
from nightshift.bench.figures.kinds import drawings_of
from nightshift.bench.figures.loading import load_run
from nightshift.bench.results import ResultFolder


def draw_all(folder: ResultFolder) -> list[Path]:
    """Draw what there is data for; return the paths of the PNGs."""
    run = load_run(folder)
    target = figures_path(folder)
    target.mkdir(exist_ok=True)
    _remove_old(target, read_index(target))
    return _png(target, write_into(target, drawings_of(run)))


def write_into(target: Path, results: Iterable[Result]) -> Index:
    """Write drawings into a folder as they come, then its index; return the index."""
    index = Index([], [])
    with style.house_style():
        for result in results:
            if isinstance(result, Drawing):
                index.figures.append(_write(target, result))
            else:
                index.left_out.append(LeftOutEntry(result.title, result.why))
    write_index(target, index)
    return index


def _png(target: Path, index: Index) -> list[Path]:
    return [target / f"{entry.name}.png" for entry in index.figures]


def _remove_old(target: Path, index: Index | None) -> None:
    for entry in index.figures if index else ():
        for suffix in SUFFIXES:
            (target / f"{Path(entry.name).name}{suffix}").unlink(missing_ok=True)


def _write(target: Path, drawing: Drawing) -> FigureEntry:
    style.lay_out(drawing.figure)
    drawing.figure.savefig(target / f"{drawing.name}.png", metadata={"Software": "nightshift"})
    drawing.figure.savefig(target / f"{drawing.name}.svg", metadata={"Date": None, "Creator": "nightshift"})
    with (target / f"{drawing.name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(drawing.header)
        writer.writerows(drawing.rows)
    return FigureEntry(drawing.name, drawing.title, drawing.caption, drawing.alt, list(drawing.measures))
