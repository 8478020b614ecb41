"""One drawn figure with all that goes with it: words for the page, numbers for the file beside it."""

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure before it is written."""

    name: str
    """Stem of its files, safe in a path."""
    title: str
    caption: str
    """What is shown, how it is measured, what is left out."""
    alt: str
    """The same for those who cannot see it, with the numbers."""
    figure: Figure
    header: tuple[str, ...]
    """Columns of the CSV, units in the names."""
    rows: list[tuple[str, ...]]
    measures: tuple[str, ...] = ()
    """What of `bench.measures` it shows, by the names in `summary.json`."""


@dataclass(frozen=True)
class LeftOut:
    """A figure that there is no data for."""

    title: str
    why: str
    """A sentence without its end: what is missing, and where it would come from."""


Result = Drawing | LeftOut
