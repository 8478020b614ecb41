"""The paper's figures by their numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.drawing import Result
from nightshift.bench.figures.paper import (
    countries,
    hashing,
    lengths,
    provisioning,
    pushing,
    replicas,
    similar,
    workloads,
)

FIGURES: Mapping[int, Callable[[Sequence[RunData]], Iterator[Result]]] = {
    2: countries.draw,
    3: provisioning.draw,
    4: lengths.draw,
    5: similar.draw,
    6: hashing.draw,
    8: workloads.draw,
    9: pushing.draw,
    10: replicas.draw,
}


def draw_figures(numbers: Sequence[int], runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw these figures of the runs."""
    for number in numbers:
        yield from FIGURES[number](runs)
