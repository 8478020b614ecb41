"""How a system looks: the same colour, hatch and line in every figure and table of a run.

Colours are from the palette of Okabe and Ito ("Color Universal Design", 2008), which stays apart for the
common kinds of colour blindness. A system with a small number has the colour of that number, in every run;
the others take what is left, in their order. Beyond eight the colours come again, lighter and hatched, then
darker and dotted, so that 24 systems look like no other; text never depends on colour alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

_PALETTE = ("#7a7a7a", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#e69f00", "#a89a00")
_HATCHES = ("", "///", "...", "xxx")
_TINTS = (0.0, 0.5, -0.35, 0.75)
"""Mixed with white (positive) or black (negative), by how often the palette came before."""
_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


@dataclass(frozen=True)
class Look:
    """Colour as a CSS colour; hatch, line style and marker in matplotlib's notation."""

    colour: str
    hatch: str
    line: str
    marker: str


def look_at(place: int) -> Look:
    """Return the look of a place in the palette, from 0."""
    again, hue = divmod(place, len(_PALETTE))
    again %= len(_HATCHES)
    return Look(
        colour=tinted(_PALETTE[hue], _TINTS[again]),
        hatch=_HATCHES[again],
        line=_LINES[again],
        marker=_MARKERS[(hue + again) % len(_MARKERS)],
    )


def looks(systems: Iterable[tuple[int | None, str]]) -> dict[str, Look]:
    """Return a look for each system, given as number (or None) and name, by its name."""
    numbers = {name: number for number, name in systems}
    places: dict[str, int] = {}
    for name, number in numbers.items():
        if number is not None and 0 <= number < len(_PALETTE) and number not in places.values():
            places[name] = number
    free = (place for place in count() if place not in places.values())
    for name in numbers:
        if name not in places:
            places[name] = next(free)
    return {name: look_at(place) for name, place in places.items()}


def tinted(colour: str, share: float) -> str:
    """Mix a `#rrggbb` with white for a positive share, with black for a negative one."""
    target = 255 if share > 0 else 0
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (target - part) * abs(share)):02x}" for part in parts)


def stripes(look: Look) -> str:
    """Return the look as a CSS background, hatched where the figure is."""
    if not look.hatch:
        return look.colour
    angle = {"///": "135deg", "...": "90deg"}.get(look.hatch, "45deg")
    return f"repeating-linear-gradient({angle},{look.colour} 0 2px,#fff 2px 3px)"
