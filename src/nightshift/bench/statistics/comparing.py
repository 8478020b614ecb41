"""Two systems and one figure: is one more than the other, or is that noise?

Repetitions are paired: repetition k of each system had the same seed, so the same users asked the same
things, and what a hard seed does to both is not counted as a difference. Of each pair the ratio a/b is
taken, and the 95 % interval of the mean of their logarithms (see `intervals`): if a ratio of 1 is inside, the
row says "within noise". With logarithms it is the same whichever system comes first. Where a figure of 0
leaves no logarithm (no request failed), the interval is that of the differences, and 0 takes the place of 1.

Nothing is corrected for how many rows there are: of twenty rows of equal systems one will say "more" or
"less".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import exp, log
from statistics import fmean

from nightshift.bench.statistics.intervals import Interval, interval_of_mean
from nightshift.bench.statistics.signs import sign_flip_p, smallest_p


class Verdict(StrEnum):
    """What the first system's figure is, beside the second's."""

    MORE = "more"
    LESS = "less"
    NOISE = "within noise"
    UNKNOWN = "one repetition: not known"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of `comparisons` in `summary.json`. Means are over the pairs."""

    figure: str
    a_mean: float
    b_mean: float
    difference: float
    """a - b."""
    difference_interval: Interval | None
    ratio: float | None
    """a / b, of the means; None where b is 0."""
    interval: Interval | None
    """Of the ratio."""
    pairs: int
    p: float | None
    """Of the sign-flip test."""
    smallest_p: float
    """What that test can give at best with so many pairs."""
    verdict: Verdict


def compare(figure: str, pairs: Sequence[tuple[float, float]], seed: int = 0) -> Comparison:
    """Compare the figure of two systems. Each pair is of one seed of the run; raises `ValueError` of none.

    `seed` is of the sign-flip test's draws, where there are too many pairs to flip in all ways.
    """
    if not pairs:
        raise ValueError("nothing to compare: no seed was run with both systems")
    differences = [a - b for a, b in pairs]
    around, ratios = interval_of_mean(differences), _of_ratios(pairs)
    a_mean, b_mean = fmean(a for a, _ in pairs), fmean(b for _, b in pairs)
    return Comparison(
        figure=figure,
        a_mean=a_mean,
        b_mean=b_mean,
        difference=a_mean - b_mean,
        difference_interval=around,
        ratio=a_mean / b_mean if b_mean else None,
        interval=ratios,
        pairs=len(pairs),
        p=sign_flip_p(differences, seed),
        smallest_p=smallest_p(len(pairs)),
        verdict=_verdict(around, 0.0) if ratios is None else _verdict(ratios, 1.0),
    )


def compare_all(
    figures: Mapping[str, Mapping[int, Mapping[str, float]]], names: Sequence[str], seed: int = 0
) -> Iterator[tuple[str, str, Comparison]]:
    """Compare every two systems by every named figure that a seed gave for both.

    `figures` is system -> repetition -> dotted figure -> value; the rows come in the order of the systems.
    """
    for a, b in combinations(figures, 2):
        for name in names:
            both = sorted(figures[a].keys() & figures[b].keys())
            pairs = [
                (figures[a][k][name], figures[b][k][name])
                for k in both
                if name in figures[a][k] and name in figures[b][k]
            ]
            if pairs:
                yield a, b, compare(name, pairs, seed)


def _of_ratios(pairs: Sequence[tuple[float, float]]) -> Interval | None:
    if any(a <= 0 or b <= 0 for a, b in pairs):
        return None
    found = interval_of_mean([log(a / b) for a, b in pairs])
    return None if found is None else (_exp(found[0]), _exp(found[1]))


def _exp(value: float) -> float:
    """Return e to the power of `value`, as far as floats go: two pairs far apart reach far."""
    return exp(min(value, 700.0))


def _verdict(around: Interval | None, equal: float) -> Verdict:
    if around is None:
        return Verdict.UNKNOWN
    low, high = around
    if low > equal:
        return Verdict.MORE
    return Verdict.LESS if high < equal else Verdict.NOISE
