"""The colour of a system: the same in every figure and table, chosen by its id.

From the palette of Okabe and Ito ("Color Universal Design", 2008), which stays apart for the common kinds
of colour blindness. Ids beyond the palette repeat its colours with a hatch, so two systems never look the
same; text never depends on colour alone.
"""

_PALETTE = ("#7a7a7a", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#e69f00", "#a89a00")
_HATCHES = ("", "///", "...", "xxx")


def colour(system_id: int) -> str:
    """The colour of a system, as a CSS colour."""
    return _PALETTE[system_id % len(_PALETTE)]


def hatch(system_id: int) -> str:
    """A pattern for ids beyond the palette, in matplotlib's notation."""
    return _HATCHES[system_id // len(_PALETTE) % len(_HATCHES)]
