"""What a few repetitions can say: intervals of a figure, and differences between systems.

Pure. How, and why so: `docs/reference/measures.md` and `docs/decisions/0013-intervals.md`.
"""

from nightshift.bench.statistics.comparing import Comparison, Verdict, compare, compare_all
from nightshift.bench.statistics.intervals import CONFIDENCE, HOW, Interval, interval_of_mean
from nightshift.bench.statistics.signs import sign_flip_p, smallest_p

__all__ = [
    "CONFIDENCE",
    "HOW",
    "Comparison",
    "Interval",
    "Verdict",
    "compare",
    "compare_all",
    "interval_of_mean",
    "sign_flip_p",
    "smallest_p",
]
