"""What was seen of a unit since the last step: by its provider, by a probe, by the balancers."""

from collections.abc import Mapping
from dataclasses import dataclass

from nightshift.control.providers.base import Unit


@dataclass(frozen=True, slots=True)
class Seen:
    """One unit. `misses` are probes that failed one after another; `answers` those that did not.

    Both are 0 when it was not asked yet. `outstanding` is how many requests the balancers have there; None
    when none of them could say.
    """

    unit: Unit | None
    misses: int = 0
    answers: int = 0
    problem: str = ""
    """What the last probe that failed found."""
    outstanding: int | None = None


NOTHING = Seen(None)

Sight = Mapping[str, Seen]
"""By the unit's name; a name that is not there was not seen."""


def of(sight: Sight, name: str) -> Seen:
    """Return what was seen of a unit."""
    return sight.get(name, NOTHING)
