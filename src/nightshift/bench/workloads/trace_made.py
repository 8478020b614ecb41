"""Made traces that have the statistics of published ones, for where there is no file.

Counted in the traces themselves (Mooncake's conversation trace, 12,031 requests in 3,537 s; Azure's
conversation trace of 2023, 19,366 requests in 3,502 s): rate, median, mean and 95th percentile of prompt and
answer, and Mooncake's share of blocks that a cache without limit has. Lengths follow a distribution function
that is log-linear between knots; the knots beside median and 95th percentile were set so that the mean comes
out. Arrivals are Poisson (Azure's coefficient of variation is 1.09, that of Poisson 1). All of Mooncake's
prompts share their first block, as there. BurstGPT has no stand-in: its statistics could not be checked.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, exp, log
from random import Random

from nightshift.bench.workloads.trace_formats import BLOCK_TOKENS, Entry

Knots = tuple[tuple[float, float], ...]
"""Pairs of share of requests, and tokens that these at most have."""

_RECENT = 400
"""A request goes on from one of so many before it."""


@dataclass(frozen=True, slots=True)
class TraceStatistics:
    """One trace. `goes_on`: the share of requests that begin as an earlier one; None: no blocks known."""

    requests_per_s: float
    input_knots: Knots
    output_knots: Knots
    goes_on: float | None = None


MADE: Mapping[str, TraceStatistics] = {
    "azure": TraceStatistics(
        requests_per_s=19_366 / 3_502,
        input_knots=((0, 220), (0.5, 1020), (0.83, 1300), (0.95, 4083), (1, 4500)),
        output_knots=((0, 60), (0.5, 129), (0.95, 451), (1, 1500)),
    ),
    "mooncake": TraceStatistics(
        requests_per_s=12_031 / 3_537,
        input_knots=((0, 300), (0.5, 6909), (0.95, 39_600), (1, 80_000)),
        output_knots=((0, 70), (0.5, 350), (0.95, 560), (1, 2000)),
        goes_on=0.84,
    ),
}


def made_trace(statistics: TraceStatistics, rng: Random, rate: float | None = None) -> Iterator[Entry]:
    """Yield requests without end, from time 0; `rate` in requests per second instead of the trace's own."""
    at_s = 0.0
    recent: list[tuple[str, ...]] = []
    number = 0
    while True:
        at_s += rng.expovariate(rate or statistics.requests_per_s)
        inputs = draw(rng, statistics.input_knots)
        outputs = draw(rng, statistics.output_knots)
        blocks: tuple[str, ...] = ()
        if statistics.goes_on is not None:
            blocks = _blocks(rng, statistics.goes_on, recent, ceil(inputs / BLOCK_TOKENS), number)
            recent = [*recent[1 - _RECENT :], blocks]
        yield Entry(at_s, inputs, outputs, blocks)
        number += 1


def draw(rng: Random, knots: Knots) -> int:
    """Draw a length: between two knots its logarithm is linear in the share."""
    share = rng.random()
    index = min(bisect_right([at for at, _ in knots], share), len(knots) - 1)
    (low, small), (high, large) = knots[index - 1], knots[index]
    return round(exp(log(small) + (share - low) / (high - low) * (log(large) - log(small))))


def _blocks(
    rng: Random, goes_on: float, recent: list[tuple[str, ...]], number: int, request: int
) -> tuple[str, ...]:
    known: tuple[str, ...] = ("0",)
    if recent and rng.random() < goes_on:
        known = rng.choice(recent)
    own = [f"{request}.{place}" for place in range(len(known), number)]
    return (*known[:number], *own)
