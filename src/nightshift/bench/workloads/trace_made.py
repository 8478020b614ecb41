"""Made traces that have the statistics of published ones, for where there is no file.

Azure's and Mooncake's were counted in the traces themselves (Mooncake's conversation trace, 12,031 requests
in 3,537 s; Azure's conversation trace of 2023, 19,366 requests in 3,502 s): rate, median, mean and 95th
percentile of prompt and answer, and Mooncake's share of blocks that a cache without limit has. Lengths
follow a distribution function that is log-linear between knots; the knots beside median and 95th percentile
were set so that the mean comes out. Arrivals are Poisson (Azure's coefficient of variation is 1.09, that of
Poisson 1). All of Mooncake's prompts share their first block, as there.

BurstGPT's trace was not at hand. Its first two months without failures (BurstGPT_without_fails_1, 1,404,294
requests: README of github.com/HPMLL/BurstGPT, arXiv 2401.17644) were counted by others: gaps between
arrivals of 3.753 s in the mean and 1, 4 and 54 s at 50, 90 and 99 %, prompts of 262 and 1,824 tokens and
answers of 36 and 276 at 50 and 90 % (two counts in public repositories, which agree on the medians and have
Azure's right); 54.6 % as many seconds with a request as requests; variance over mean of the requests in a
second 2.01. Assumed, since no number was found: the shortest and longest lengths (4,096 tokens was the
context of ChatGPT then), so the means (645 and 127); that gaps do not depend on one another, so no days and
weeks; and that no prompts share a prefix, since these months have no session ids.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, exp, log
from random import Random

from nightshift.bench.workloads.trace_formats import BLOCK_TOKENS, Entry

Knots = tuple[tuple[float, float], ...]
"""Pairs of share of requests, and what these at most have: tokens, or seconds."""

_RECENT = 400
"""A request goes on from one of so many before it."""


@dataclass(frozen=True, slots=True)
class TraceStatistics:
    """One trace. `goes_on`: the share of requests that begin as an earlier one; None: no blocks known."""

    name: str
    requests_per_s: float
    input_knots: Knots
    output_knots: Knots
    goes_on: float | None = None
    gap_knots: Knots | None = None
    """Seconds between arrivals; None: a Poisson process."""

    @property
    def text(self) -> str:
        """What a result says of it."""
        times = "Poisson times" if self.gap_knots is None else "bursty times"
        return f"filler at {times}, with the statistics of {self.name}"


MADE: Mapping[str, TraceStatistics] = {
    "azure": TraceStatistics(
        name="Azure's conversation trace of 2023",
        requests_per_s=19_366 / 3_502,
        input_knots=((0, 220), (0.5, 1020), (0.83, 1300), (0.95, 4083), (1, 4500)),
        output_knots=((0, 60), (0.5, 129), (0.95, 451), (1, 1500)),
    ),
    "mooncake": TraceStatistics(
        name="Mooncake's conversation trace",
        requests_per_s=12_031 / 3_537,
        input_knots=((0, 300), (0.5, 6909), (0.95, 39_600), (1, 80_000)),
        output_knots=((0, 70), (0.5, 350), (0.95, 560), (1, 2000)),
        goes_on=0.84,
    ),
    "burstgpt": TraceStatistics(
        name="BurstGPT's first two months (longest lengths assumed, no prefixes shared, no daily cycle)",
        requests_per_s=1 / 3.753,
        input_knots=((0, 14), (0.5, 262), (0.9, 1824), (1, 4096)),
        output_knots=((0, 5), (0.5, 36), (0.9, 276), (1, 1500)),
        gap_knots=((0, 0.05), (0.6, 0.8), (0.9, 4.0), (0.99, 54.0), (1, 245.7)),
    ),
}


def made_trace(statistics: TraceStatistics, rng: Random, rate: float | None = None) -> Iterator[Entry]:
    """Yield requests without end, from time 0; `rate` in requests per second instead of the trace's own.

    Another rate shortens all gaps alike, so that bursts stay bursts.
    """
    at_s = 0.0
    wanted = rate or statistics.requests_per_s
    recent: list[tuple[str, ...]] = []
    number = 0
    while True:
        if statistics.gap_knots is None:
            at_s += rng.expovariate(wanted)
        else:
            at_s += _between(rng, statistics.gap_knots) * statistics.requests_per_s / wanted
        inputs = draw(rng, statistics.input_knots)
        outputs = draw(rng, statistics.output_knots)
        blocks: tuple[str, ...] = ()
        if statistics.goes_on is not None:
            blocks = _blocks(rng, statistics.goes_on, recent, ceil(inputs / BLOCK_TOKENS), number)
            recent = [*recent[1 - _RECENT :], blocks]
        yield Entry(at_s, inputs, outputs, blocks)
        number += 1


def draw(rng: Random, knots: Knots) -> int:
    """Draw a length in tokens."""
    return round(_between(rng, knots))


def _between(rng: Random, knots: Knots) -> float:
    """Draw a value: between two knots its logarithm is linear in the share."""
    share = rng.random()
    index = min(bisect_right([at for at, _ in knots], share), len(knots) - 1)
    (low, small), (high, large) = knots[index - 1], knots[index]
    return exp(log(small) + (share - low) / (high - low) * (log(large) - log(small)))


def _blocks(
    rng: Random, goes_on: float, recent: list[tuple[str, ...]], number: int, request: int
) -> tuple[str, ...]:
    known: tuple[str, ...] = ("0",)
    if recent and rng.random() < goes_on:
        known = rng.choice(recent)
    own = [f"{request}.{place}" for place in range(len(known), number)]
    return (*known[:number], *own)
