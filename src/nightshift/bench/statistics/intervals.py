"""The 95 % interval of a mean over a few repetitions: bootstrap standard error, Student's quantile.

The bootstrap gives the standard error: repetitions are drawn with replacement, the mean of each draw is
taken, and the spread of those means is the error. For a mean the error of all possible draws is known
without drawing (the ideal bootstrap), so none are drawn, no seed is needed, and the same repetitions always
give the same interval. It is too small by sqrt((n-1)/n), for three repetitions by a fifth, and is corrected
for that (the narrowness bias). The interval is the mean plus and minus that error times the quantile of
Student's t with n-1 degrees of freedom.

The percentile interval of the bootstrap is not used: with three repetitions it covers the true mean in 68 of
100 cases, not 95, because it can never leave the range of what was seen. `docs/decisions/0013_intervals.py`
measures this for several kinds.

Sources: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 5 and 6, for the error;
T. Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69 (2015), 371-386,
for the correction and for t with small samples.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, pstdev

CONFIDENCE = 0.95
HOW = "bootstrap error × Student's t"
"""What captions and tables say of an interval: not the percentiles that most mean by "bootstrap"."""
Interval = tuple[float, float]
"""Lowest and highest value."""

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % quantile of Student's t for 1, 2, ... degrees of freedom, as every table has it."""


def interval_of_mean(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean; None with fewer than two values, which say nothing of spread."""
    count = len(values)
    if count < 2:
        return None
    error = bootstrap_error(values) * sqrt(count / (count - 1))
    reach = t_975(count - 1) * error
    mean = fmean(values)
    return mean - reach, mean + reach


def bootstrap_error(values: Sequence[float]) -> float:
    """Return the spread of the means of all draws with replacement: the ideal bootstrap's standard error."""
    if len(set(values)) == 1:
        return 0.0  # exactly: rounding must not make an interval out of no spread
    return pstdev(values) / sqrt(len(values))


def t_975(degrees: int) -> float:
    """Return the quantile of Student's t for a two-sided interval of 95 %; beyond 30 degrees that of 30.

    That errs to the wide side, by 4 % at most.
    """
    return _T_975[min(degrees, len(_T_975)) - 1]
