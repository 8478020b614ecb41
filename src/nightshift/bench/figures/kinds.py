"""Every kind of figure of one run, in the order of the report."""

from collections.abc import Callable, Iterator

from nightshift.bench.figures import (
    fleet,
    flows,
    goodput,
    hand_overs,
    hit_rate,
    imbalance,
    latency,
    over_time,
    repetitions,
    throughput,
    ttft_by_region,
)
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Result

KINDS: tuple[Callable[[RunData], Iterator[Result]], ...] = (
    throughput.draw,
    latency.draw,
    ttft_by_region.draw,
    goodput.draw,
    hit_rate.draw,
    imbalance.draw,
    repetitions.draw,
    hand_overs.draw,
    flows.draw,
    over_time.draw,
    fleet.draw,
)


def drawings_of(run: RunData) -> Iterator[Result]:
    """Draw each kind."""
    for draw in KINDS:
        yield from draw(run)
