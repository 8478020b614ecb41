"""How unevenly replicas were loaded, from samples of what each has outstanding (running and waiting in it).

At each sample the most loaded replica's outstanding requests are divided by the least loaded one's, an idle
replica counting as 1, so that the ratio is finite. 1 is even. Samples in which nobody has anything, or in
which fewer than two replicas answered, say nothing and are left out.

The paper gives its 2.33 to 5.08x as the spread of outstanding requests without a formula; most over least
loaded is how this project reads it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.bench.measures.spread import Spread
from nightshift.bench.measures.window import Window


@dataclass(frozen=True, slots=True)
class Imbalance:
    """None where there were no samples of two replicas or more."""

    imbalance: Spread | None
    """Of the ratio at each sample."""
    imbalance_of_means: float | None
    """The ratio of each replica's mean over the window, most over least loaded: what lasts."""


def imbalance(samples: Sequence[Mapping[str, Any]], window: Window, region: str | None = None) -> Imbalance:
    """Return the imbalance of the replicas of a region, or with None of all.

    A sample is a line of `samples.jsonl`: `{"t": s, "replicas": {id: {"region", "running", "pending"}}}`.
    """
    ratios: list[float] = []
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for _t, loads in loads_over_time(samples, window, region):
        for replica, load in loads.items():
            sums[replica] = sums.get(replica, 0.0) + load
            counts[replica] = counts.get(replica, 0) + 1
        ratio = ratio_of(loads)
        if ratio is not None:
            ratios.append(ratio)
    means = [sums[replica] / counts[replica] for replica in sums]
    lasting = max(means) / min(means) if len(means) > 1 and min(means) > 0 else None
    return Imbalance(Spread.of(ratios), lasting)


def ratio_of(loads: Mapping[str, float]) -> float | None:
    """Return most over least loaded of a sample; None where it says nothing."""
    if len(loads) < 2 or not any(loads.values()):
        return None
    return max(loads.values()) / max(1.0, min(loads.values()))


def loads_over_time(
    samples: Sequence[Mapping[str, Any]], window: Window, region: str | None = None
) -> Iterator[tuple[float, dict[str, float]]]:
    """Yield the time of each sample in the window, and what each replica that answered has outstanding."""
    for sample in samples:
        if window.warmup_s <= sample["t"] <= window.end_s:
            yield (
                float(sample["t"]),
                {
                    name: float((facts.get("running") or 0) + (facts.get("pending") or 0))
                    for name, facts in (sample.get("replicas") or {}).items()
                    if region in (None, facts.get("region"))
                },
            )
