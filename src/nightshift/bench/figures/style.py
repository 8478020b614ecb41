"""How every figure looks: sizes, type, lines.

Figures are small in inches and dense in pixels, so that type stays legible at half the
width of a page and on a phone. Drawing goes through `Figure` objects; pyplot's global state is not used.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from nightshift.bench.figures.palette import colour

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTH_IN = 5.4
DOTS_PER_INCH = 200
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
    "text.parse_math": False,  # names come from the run; a dollar sign is a dollar sign
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this: matplotlib's settings are ours for that while, and what they were after it."""
    with mpl.rc_context(_SETTINGS):
        yield


def shades(system_id: int, count: int) -> list[tuple[float, float, float]]:
    """Variants of a system's colour, from dark to light, for its replicas."""
    base = to_rgb(colour(system_id))
    mixes = [0.0] if count == 1 else [-0.55 + 1.1 * step / (count - 1) for step in range(count)]
    return [_mix(base, share) for share in mixes]


def _mix(base: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    """Mix with black for a negative share, with white for a positive one."""
    target = 1.0 if share > 0 else 0.0
    red, green, blue = (part + (target - part) * abs(share) for part in base)
    return (red, green, blue)


def printable(text: str) -> str:
    """Replace what the font cannot draw, line breaks included, by a question mark."""
    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(sign if sign.isprintable() and ord(sign) in known else "?" for sign in text)


def system_label(system_id: int, legend: str) -> str:
    """Label of a system on an axis: its id and its name, what is in brackets on a second line."""
    text = printable(legend)
    for bracket in " [", " (":
        name, found, rest = text.partition(bracket)
        if found:
            return f"{system_id}  {name}\n{bracket.strip()}{rest}"
    return f"{system_id}  {text}"


def new_figure(height_in: float, title: str, subtitle: str, width_in: float = WIDTH_IN) -> Figure:
    """Make an empty figure with its two lines of heading, left aligned."""
    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        head = 0.42 / height_in
        engine.set(rect=(0.0, 0.0, 1.0, 1.0 - head))  # type: ignore[call-arg]  # the stub lacks `rect` of constrained layout
    left = 0.06 / width_in
    figure.text(
        left, 1 - 0.06 / height_in, printable(title), fontsize=10, fontweight="bold", color=INK, va="top"
    )
    figure.text(left, 1 - 0.25 / height_in, printable(subtitle), fontsize=8, color=FAINT, va="top")
    return figure


def list_systems(axes: Axes, labels: Sequence[str]) -> None:
    """Make the vertical axis a list of systems, the first at the top, without ticks."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def rows_height(systems: int, per_row_in: float = 0.34) -> float:
    """Height in inches of a figure with one row a system."""
    return 1.0 + per_row_in * max(systems, 1)
