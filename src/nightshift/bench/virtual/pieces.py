"""The pieces of content that simulated clients saw: how many, and the gaps between them. Pure.

Each token is a piece, as the emulated engine sends it, and takes the way that the first one took. All of a
batch get their tokens in the same steps, so that a gap is rounded once for all of them.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from nightshift.engine.token_times import TokenTimes
from nightshift.simulate.requests import Served

_DIGITS = 4
"""Of a gap in a record, live or not."""


class Pieces(NamedTuple):
    """What one client had of one answer. Seconds; gaps, and so the longest one, to 0.1 ms."""

    tokens: int = 0
    gaps_s: list[float] | None = None
    mean_s: float | None = None
    longest_s: float | None = None


class ReplicaPieces:
    """The pieces of the answers of one replica."""

    def __init__(self, times: TokenTimes, under_way: Mapping[str, int]) -> None:
        """`under_way` has the tokens so far of each request that the replica still works on."""
        self._times = times
        self._ends_s = times.step_ends_s
        self._gaps_s = array("d", [0.0])
        """Before the end of each step."""
        self._gaps_s.extend(round(after - before, _DIGITS) for before, after in pairwise(self._ends_s))
        self._under_way = under_way

    def of(self, one: Served, end_s: float) -> Pieces:
        """Return what the client of `one` had when the run ended."""
        if one.first is None:
            return Pieces()
        parts = self._times.steps_of(one.id, self._under_way.get(one.id, one.output_tokens))
        steps: Sequence[int] = parts[0] if len(parts) == 1 else list(chain.from_iterable(parts))
        tokens, first_s = len(steps), self._ends_s[steps[0]]
        if one.over is None:
            tokens = bisect_right(steps, first_s + end_s - one.first, key=self._ends_s.__getitem__)
        if tokens < 2:
            return Pieces(tokens)
        gaps_s = self._gaps(steps, tokens) if len(parts) == 1 else self._measured(steps, tokens)
        mean_s = (self._ends_s[steps[tokens - 1]] - first_s) / (tokens - 1)
        return Pieces(tokens, gaps_s, mean_s, max(gaps_s))

    def _gaps(self, steps: Sequence[int], tokens: int) -> list[float]:
        """Return the gaps between tokens of steps that followed one another."""
        return self._gaps_s[steps[0] + 1 : steps[0] + tokens].tolist()

    def _measured(self, steps: Sequence[int], tokens: int) -> list[float]:
        """Return the gaps of one that was retracted: some of its gaps go over steps without it."""
        ends_s = (self._ends_s[step] for step in steps[:tokens])
        return [round(after - before, _DIGITS) for before, after in pairwise(ends_s)]
