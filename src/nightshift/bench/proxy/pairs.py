"""From single measurements to figures: paired within a repetition, then the median of the pairs. Pure.

Within a repetition all contestants of a cell run one after another in shuffled order, so what the machine
does at that time meets all of them. Thus latency is compared with `direct` of the same repetition, and this
balancer with each other of the same repetition; only the pairs are put together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.contestants import COMPILED, DIRECT, OURS
from nightshift.bench.proxy.measure import Measurement
from nightshift.bench.proxy.statistics import Spread, spread

ByRepetition = Mapping[int, Measurement]
Value = Callable[[Measurement], float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant in one cell; a figure is None where nothing was measured."""

    id: str
    cpu_us: Spread | None
    """CPU microseconds for each request, or each chunk."""
    cpu_ratio: Spread | None
    """CPU of this balancer / of this contestant."""
    cpu_ratio_compiled: Spread | None
    """The same of its compiled build."""
    added_p50_ms: Spread | None
    added_p99_ms: Spread | None
    """Latency beyond `direct`: of answers; in stream cells of chunks, from the engine's write on."""
    p99_lead_ms: Spread | None
    """p99 latency of this contestant less this balancer's: above 0, this balancer is the quicker one."""
    first_p50_ms: Spread | None
    per_s: Spread | None
    """Units in a second."""
    rss_mb: Spread | None
    failed: int
    """Requests without a whole answer, in all repetitions."""
    problems: list[str] = field(default_factory=list)


def pairwise(
    left: ByRepetition, right: ByRepetition, value: Value, join: Callable[[float, float], float]
) -> list[float]:
    """Return `join(left, right)` for each repetition that has both."""
    joined = []
    for repetition in sorted(left.keys() & right.keys()):
        one, other = value(left[repetition]), value(right[repetition])
        if one is not None and other is not None:
            joined.append(join(one, other))
    return joined


def ratios(left: ByRepetition, right: ByRepetition, value: Value) -> Spread | None:
    """Return left / right, pair by pair; pairs with nothing on the right say nothing."""
    measured = {n: m for n, m in right.items() if value(m)}
    return spread(pairwise(left, measured, value, lambda one, other: one / other))


def differences(left: ByRepetition, right: ByRepetition, value: Value) -> Spread | None:
    """Return left - right, pair by pair."""
    return spread(pairwise(left, right, value, lambda one, other: one - other))


def grouped(measurements: Iterable[Measurement]) -> dict[str, dict[str, dict[int, Measurement]]]:
    """Return measurements by cell, contestant and repetition."""
    groups: dict[str, dict[str, dict[int, Measurement]]] = {}
    for one in measurements:
        groups.setdefault(one.cell, {}).setdefault(one.contestant, {})[one.repetition] = one
    return groups


def cell_rows(cell: Mapping[str, ByRepetition], order: Sequence[str]) -> list[Row]:
    """Return the rows of a cell, for those contestants of `order` that were measured in it."""
    return [_row(id_, cell) for id_ in order if id_ in cell]


def _row(id_: str, cell: Mapping[str, ByRepetition]) -> Row:
    own, ours, direct = cell[id_], cell.get(OURS, {}), cell.get(DIRECT, {})

    def own_spread(value: Value) -> Spread | None:
        return spread([found for m in own.values() if (found := value(m)) is not None])

    is_proxy, is_peer = id_ != DIRECT, id_ not in (DIRECT, OURS)
    return Row(
        id=id_,
        cpu_us=own_spread(cpu_us) if is_proxy else None,
        cpu_ratio=ratios(ours, own, cpu_us) if is_peer else None,
        cpu_ratio_compiled=ratios(cell.get(COMPILED, {}), own, cpu_us) if is_peer else None,
        added_p50_ms=differences(own, direct, lambda m: m.latency_p50_ms) if is_proxy else None,
        added_p99_ms=differences(own, direct, lambda m: m.latency_p99_ms) if is_proxy else None,
        p99_lead_ms=differences(own, ours, lambda m: m.latency_p99_ms) if is_peer else None,
        first_p50_ms=own_spread(lambda m: m.first_p50_ms),
        per_s=own_spread(lambda m: m.units / m.elapsed_s if m.elapsed_s else None),
        rss_mb=own_spread(lambda m: m.rss_bytes / 1e6) if is_proxy else None,
        failed=sum(m.failed for m in own.values()),
        problems=sorted({problem for m in own.values() for problem in m.problems}),
    )


def cpu_us(measurement: Measurement) -> float | None:
    """CPU microseconds for each unit."""
    return measurement.cpu_us_per_unit


def summarise(
    cells: Sequence[Cell], measurements: Sequence[Measurement], order: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the cells for `summary.json`, each with the figures of its contestants."""
    groups = grouped(measurements)
    return [
        {
            **asdict(cell),
            "unit": cell.unit,
            "contestants": [asdict(row) for row in cell_rows(groups[cell.name], order)],
        }
        for cell in cells
        if cell.name in groups
    ]
