"""The part of a run that counts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift.bench.measures.columns import Bools, Floats


@dataclass(frozen=True, slots=True)
class Window:
    """From the end of the warm-up to the end of the run, in seconds of the run's clock."""

    warmup_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds that count; 0 if the run ended in its warm-up."""
        return max(0.0, self.end_s - self.warmup_s)

    def shares(self, start: "Floats", end: "Floats") -> "Floats":
        """Return how much of each span from `start` to `end` lies in the window, from 0 to 1.

        A span without length counts whole if it lies in the window.
        """
        import numpy as np

        length = end - start
        inside = np.minimum(end, self.end_s) - np.maximum(start, self.warmup_s)
        at_once = (self.warmup_s <= start) & (start <= self.end_s)
        share: Floats = np.where(
            length > 0, np.clip(inside, 0.0, None) / np.where(length > 0, length, 1.0), at_once
        )
        return share

    def holds(self, times: "Floats") -> "Bools":
        """Return which of the times lie in the window."""
        return (self.warmup_s <= times) & (times <= self.end_s)
