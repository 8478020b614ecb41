"""Figures of repetitions by dotted names (`ttft_s.p50` of `{"ttft_s": {"p50": 1}}`), and their means."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any


def dotted(figures: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Return every number below by its dotted name; what is None or no number is left out."""
    return dict(_numbers(figures, before))


def mean_of(repetitions: Sequence[Any]) -> Any:  # noqa: ANN401 - the shape is that of what comes in
    """Return the same shape with the mean over repetitions in place of each number.

    A figure that some repetitions do not have is the mean of those that do; one that none has is None.
    """
    known = [one for one in repetitions if one is not None]
    if not known:
        return None
    if all(isinstance(one, Mapping) for one in known):
        names = dict.fromkeys(name for one in known for name in one)
        return {name: mean_of([one.get(name) for one in known]) for name in names}
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in known):
        mean = fmean(known)
        return int(mean) if all(isinstance(one, int) for one in known) and mean.is_integer() else mean
    return known[0]


def _numbers(figures: Mapping[str, Any], before: str) -> Iterator[tuple[str, float]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{before}{name}", float(value)
