"""Panels of several runs in a grid of two columns, one panel a run, the same systems in the same rows."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nightshift.bench.figures import style
from nightshift.bench.figures.data import RunData

COLUMNS = 2


def panels(runs: Sequence[RunData], title: str, height_in: float) -> tuple[Figure, list[Axes]]:
    """Make a figure with one panel a run, each with the run's name above it."""
    columns = min(COLUMNS, len(runs))
    rows = -(-len(runs) // columns)
    figure = style.new_figure(0.45 + rows * height_in, title, shared_subtitle(runs), width_in=width_of(runs))
    every = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in every[len(runs) :]:
        axes.set_visible(False)
    for axes, run in zip(every, runs, strict=False):
        axes.set_title(style.shortened(style.printable(run.title), 40), loc="left")
    return figure, every[: len(runs)]


def width_of(runs: Sequence[RunData]) -> float:
    """Wider where two panels stand side by side, each with names of its own."""
    return style.WIDTH_IN if len(runs) == 1 else 1.4 * style.WIDTH_IN


def shared_subtitle(runs: Sequence[RunData]) -> str:
    """Return what all runs have in common; of several runs, not what only one is."""
    first = runs[0].subtitle.split(" · ")
    return " · ".join(part for part in first if all(part in run.subtitle.split(" · ") for run in runs))
