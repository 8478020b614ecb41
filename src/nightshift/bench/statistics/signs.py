"""What the signs of paired differences alone can say: the sign-flip (permutation) test.

If two systems were the same, each pair's difference could as well have had the other sign. The test asks in
how many of the 2^n ways to flip signs the sum is as far from zero as the one that was seen. It assumes
nothing of how figures are distributed, and has a price: with n pairs the smallest value it can give is
2/2^n, so that with three repetitions it can never fall below 0.25, and below 0.05 only with six. It stands
beside the verdict, which is by the interval, so that a reader sees how much of the verdict rests on the
assumption of the interval.

Source: R. A. Fisher, "The Design of Experiments" (1935), section 21; E. Edgington, P. Onghena,
"Randomization Tests" (2007), chapter 5.
"""

import math
from collections.abc import Sequence
from itertools import product
from random import Random

_EXACT_UP_TO = 12
_FLIPS = 10_000


def sign_flip_p(differences: Sequence[float], seed: int = 0) -> float | None:
    """Return the two-sided p value; None of no pairs."""
    if not differences:
        return None
    sizes = [abs(difference) for difference in differences]
    seen = abs(sum(differences)) * (1 - 1e-12)  # sums that differ by rounding only are equal
    if len(sizes) <= _EXACT_UP_TO:
        flips = [sum(s * size for s, size in zip(signs, sizes, strict=True)) for signs in _signs(len(sizes))]
        return sum(abs(total) >= seen for total in flips) / len(flips)
    rng = Random(seed)
    hits = sum(
        abs(sum(size if rng.random() < 0.5 else -size for size in sizes)) >= seen for _ in range(_FLIPS)
    )
    return (hits + 1) / (_FLIPS + 1)  # what was seen is one of the flips


def smallest_p(pairs: int) -> float:
    """Return the smallest p value that so many pairs can give."""
    return min(1.0, math.ldexp(2.0, -pairs))


def _signs(count: int) -> list[tuple[int, ...]]:
    return list(product((1, -1), repeat=count))
