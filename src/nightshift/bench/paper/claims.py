"""What the paper says in numbers, and what came here. Pure: summaries in, rows out.

A claim takes figures from the summaries of one or several parts and has the paper's number or range. Where
the paper gives a ratio, so do we; nothing is compared in absolute token/s, which depend on the card. The
claims themselves are in `sentences.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.bench.results import Json

Summaries = Mapping[str, Json]
"""Name of a part -> its `summary.json`."""
MARGIN = 0.05
Values = Callable[[Summaries], list[float]]


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the paper. `low` to `high` is its range; `values` are ours, all that it speaks of."""

    figure: str
    text: str
    low: float
    high: float
    unit: str
    values: Values


@dataclass(frozen=True, slots=True)
class Row:
    """A claim beside what came: the range of our values, None where a part was not run."""

    claim: Claim
    ours_low: float | None
    ours_high: float | None

    @property
    def verdict(self) -> str:
        """`agrees` where all of ours are in the paper's range, `partly` where some may be, else the side.

        The range is widened by `MARGIN` on both ends: the paper gives no spread for its numbers.
        """
        if self.ours_low is None or self.ours_high is None:
            return "not run"
        low, high = self.claim.low * (1 - MARGIN), self.claim.high * (1 + MARGIN)
        if self.ours_high < low:
            return "below"
        if self.ours_low > high:
            return "above"
        return "agrees" if low <= self.ours_low and self.ours_high <= high else "partly"


def figure_of(summaries: Summaries, part: str, suffix: str, path: str) -> float | None:
    """Return one figure of one system, by its dotted name; None if it is not there."""
    for row in summaries.get(part, {}).get("systems", ()):
        if row["suffix"] == suffix:
            found: Any = row
            for key in path.split("."):
                found = found.get(key) if isinstance(found, Mapping) else None
            return float(found) if isinstance(found, int | float) else None
    return None


def ratios(parts: Sequence[str], over: Sequence[str], under: Sequence[str], path: str) -> Values:
    """Each of `over` divided by each of `under`, in each part."""

    def values(summaries: Summaries) -> list[float]:
        found = []
        for part in parts:
            for top in over:
                for bottom in under:
                    a, b = (figure_of(summaries, part, one, path) for one in (top, bottom))
                    if a is not None and b:
                        found.append(a / b)
        return found

    return values


def values_of(parts: Sequence[str], systems: Sequence[str], path: str, scale: float = 1.0) -> Values:
    """The figure of each system in each part."""

    def values(summaries: Summaries) -> list[float]:
        found = (figure_of(summaries, part, one, path) for part in parts for one in systems)
        return [scale * value for value in found if value is not None]

    return values


def judged(claims: Sequence[Claim], summaries: Summaries) -> list[Row]:
    """Hold each claim against what came."""
    rows = []
    for claim in claims:
        found = claim.values(summaries)
        rows.append(Row(claim, min(found, default=None), max(found, default=None)))
    return rows
