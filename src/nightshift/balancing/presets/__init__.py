"""The systems that have a name: each is a point in the space of `Switches`, or a program that is not ours.

`seed.py` has the seven of the benchmark that the project implements, `paper.py` those of the paper,
`wide.py` the rest of the original's largest comparison, `field.py` what others do; `sets.py` says which
belong together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nightshift.balancing.presets.field import FIELD
from nightshift.balancing.presets.paper import FIGURES, PAPER
from nightshift.balancing.presets.row import Preset
from nightshift.balancing.presets.seed import SEED
from nightshift.balancing.presets.sets import SETS
from nightshift.balancing.presets.wide import WIDE
from nightshift.balancing.switches import Switches
from nightshift.errors import UserError

__all__ = ["PRESETS", "SETS", "Preset", "known_systems", "named", "preset", "systems_in"]

_OWN = (
    Preset(7, "nightshift", "Nightshift", Switches(), "Nightshift's own default"),
    Preset(
        None,
        "nightshift_hold",
        "Nightshift, holding",
        Switches(hold_s=0.3),
        "the same, but a request waits up to 0.3 s for a busy replica that has its prefix; on trial",
    ),
)


def _in_their_sets(rows: Iterable[Preset]) -> Iterator[Preset]:
    for row in rows:
        yield replace(row, sets=frozenset(name for name, members in SETS.items() if row.suffix in members))


PRESETS: tuple[Preset, ...] = tuple(_in_their_sets((*SEED, *_OWN, *PAPER, *FIGURES, *WIDE, *FIELD)))
"""All systems: those with a number first, in its order."""


def preset(name: str | int) -> Preset:
    """Find a preset by number, by suffix (`nightshift` is the default service's), or by its place in a set
    (`paper:4`). Dashes do for underscores.

    Raises `UserError` naming the known ones.
    """
    text = str(name).replace("-", "_")
    for candidate in PRESETS:
        if text == candidate.suffix or (candidate.id is not None and text == str(candidate.id)):
            return candidate
    set_, colon, place = text.partition(":")
    if colon and set_ in SETS and place.isdecimal() and int(place) < len(SETS[set_]):
        return systems_in(set_)[int(place)]
    raise UserError(f"unknown system {name!r}; known are {known_systems()}")


def systems_in(set_: str) -> tuple[Preset, ...]:
    """Return the systems of a set, in its order. Raises `UserError` naming the known sets."""
    if set_ not in SETS:
        raise UserError(f"unknown set of systems {set_!r}; known are {', '.join(SETS)}")
    return tuple(preset(suffix) for suffix in SETS[set_])


def named(text: str) -> tuple[Preset, ...]:
    """Return the systems of a set, or the one that has this name.

    Raises `UserError` naming the known ones.
    """
    return systems_in(text) if text in SETS else (preset(text),)


def known_systems() -> str:
    """Return the numbered ones and where the others are, for messages."""
    numbered = ", ".join(one.names for one in PRESETS if one.id is not None)
    return f"{numbered}, and by name those that `nightshift bench systems` lists"
