"""How every figure looks: sizes, type, lines.

Figures are small in inches and dense in pixels, so that type stays legible at half the
width of a page and on a phone. Drawing goes through `Figure` objects; pyplot's global state is not used.
"""

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from nightshift.bench.figures.palette import tinted

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTH_IN = 5.4
DOTS_PER_INCH = 200
CHARACTERS_PER_INCH = 17
"""Of the subtitle, at the least: what is wider is wrapped."""
INK = "#222222"
FAINT = "#6a6a6a"
GRID = "#dddddd"

_SETTINGS: "dict[RcKeyType, Any]" = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,  # only as a figure asks for it: `lay_out`
    "svg.hashsalt": "nightshift",  # the same figure, the same file
    "text.parse_math": False,  # names come from the run; a dollar sign is a dollar sign
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this: matplotlib's settings are ours for that while, and what they were after it."""
    with mpl.rc_context(_SETTINGS):
        yield


def shades(colour: str, count: int) -> list[str]:
    """Variants of a system's colour, from dark to light, for its replicas."""
    mixes = [0.0] if count == 1 else [-0.55 + 1.1 * step / (count - 1) for step in range(count)]
    return [tinted(colour, share) for share in mixes]


def printable(text: str) -> str:
    """Replace what the font cannot draw, line breaks included, by a question mark."""
    known = _signs()
    return "".join(sign if sign.isprintable() and ord(sign) in known else "?" for sign in text)


@cache
def _signs() -> Container[int]:
    """Return the code points that the font can draw."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def shortened(text: str, length: int) -> str:
    """Cut a text that no axis has room for."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def system_label(system_id: int | None, legend: str) -> str:
    """Label of a system on an axis: its number, if it has one, and its name, brackets on a second line."""
    text = shortened(printable(legend), 44)
    number = "" if system_id is None else f"{system_id}  "
    for bracket in " [", " (":
        name, found, rest = text.partition(bracket)
        if found:
            return f"{number}{name}\n{bracket.strip()}{rest}"
    return f"{number}{text}"


def new_figure(height_in: float, title: str, subtitle: str, width_in: float = WIDTH_IN) -> Figure:
    """Make an empty figure with its heading, left aligned; the subtitle is wrapped to the width.

    `height_in` is what a subtitle of one line needs; more lines make the figure higher.
    """
    lines = wrap(shortened(printable(subtitle), 260), int(width_in * CHARACTERS_PER_INCH)) or [""]
    lines = [line.removeprefix("· ") for line in lines]
    head = 0.42 + 0.13 * (len(lines) - 1)
    height_in += head - 0.42
    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.0, 0.0, 1.0, 1.0 - head / height_in))  # type: ignore[call-arg]  # the stub lacks `rect` of constrained layout
    left = 0.06 / width_in
    figure.text(
        left,
        1 - 0.06 / height_in,
        shortened(printable(title), 64),
        fontsize=10,
        fontweight="bold",
        color=INK,
        va="top",
    )
    figure.text(left, 1 - 0.25 / height_in, "\n".join(lines), fontsize=7.5, color=FAINT, va="top")
    return figure


def lay_out(figure: Figure) -> None:
    """Give all parts their places, once for all files.

    A figure with an engine for it is laid out anew for each file, and drawn twice. The engine "none" would
    have it drawn twice too; None has not.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def list_systems(axes: Axes, labels: Sequence[str]) -> None:
    """Make the vertical axis a list of systems, the first at the top, without ticks."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def rows_height(systems: int, per_row_in: float = 0.34) -> float:
    """Height in inches of a figure with one row a system."""
    return 1.0 + per_row_in * max(systems, 1)
