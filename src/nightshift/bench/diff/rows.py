"""Compares two summaries, system by system and figure by figure. Pure.

A system is the same in both where its suffix is. Repetitions are paired by seed where both runs had that
seed with the same workload, so that what a hard seed does to both is no difference; else the verdict comes
from the two intervals, which are apart or are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nightshift.bench.results import Json
from nightshift.bench.statistics.comparing import Verdict, compare
from nightshift.bench.statistics.dotted import dotted

FIGURES = (
    "weighted_token_per_s",
    "output_token_per_s",
    "request_per_s",
    "ttft_s.p50",
    "ttft_s.p90",
    "e2e_s.p50",
    "e2e_s.p90",
    "tpot_s.p50",
    "prefix_hit_rate",
    "goodput.share",
    "handed_over",
    "failed",
    "unfinished",
)
"""What is compared unless all is asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one system in both runs; `ratio` is b / a."""

    system: str
    legend: str
    figure: str
    a: float
    b: float
    ratio: float | None
    interval: tuple[float, float] | None
    """Of the ratio, 95 %; None where repetitions were not paired."""
    verdict: str
    """Of b: more, less, within noise, or why it is not known."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Difference:
    """All rows, and what the runs do not have in common."""

    rows: list[Row]
    only_a: list[str]
    only_b: list[str]
    settings: dict[str, tuple[Any, Any]]
    """What `run.json` says otherwise in the two."""


_SETTINGS = (
    "workload", "workload_args", "region_args", "engine", "time", "data", "regions", "duration_s", "warmup_s",
    "speed", "seeds", "wan_rtt_ms", "slo", "machine", "version",
)  # fmt: skip


def difference(a: tuple[Json, Json], b: tuple[Json, Json], *, everything: bool = False) -> Difference:
    """Compare two runs, each given as (`run.json`, `summary.json`)."""
    (run_a, summary_a), (run_b, summary_b) = a, b
    systems_a = {str(row["suffix"]): row for row in summary_a["systems"]}
    systems_b = {str(row["suffix"]): row for row in summary_b["systems"]}
    seeds = (_seeds(run_a, summary_a), _seeds(run_b, summary_b))
    paired = all(
        run_a.get(key) == run_b.get(key) for key in ("workload", "workload_args", "region_args", "data")
    )
    return Difference(
        rows=[
            row
            for suffix in systems_a
            if suffix in systems_b
            for row in _rows(systems_a[suffix], systems_b[suffix], seeds if paired else None, everything)
        ],
        only_a=[suffix for suffix in systems_a if suffix not in systems_b],
        only_b=[suffix for suffix in systems_b if suffix not in systems_a],
        settings={
            key: (run_a.get(key), run_b.get(key)) for key in _SETTINGS if run_a.get(key) != run_b.get(key)
        },
    )


def _seeds(run: Json, summary: Json) -> list[Any]:
    """The seed of each repetition."""
    return list(run.get("seeds") or [summary.get("seed")])


def _rows(a: Json, b: Json, seeds: tuple[list[Any], list[Any]] | None, everything: bool) -> Iterator[Row]:
    values_a, values_b = dotted(_figures(a)), dotted(_figures(b))
    wanted = [name for name in values_a if name in values_b] if everything else FIGURES
    for name in wanted:
        if name not in values_a or name not in values_b:
            continue
        one, other = values_a[name], values_b[name]
        interval, verdict = _verdict(name, a, b, seeds)
        ratio = other / one if one else None
        yield Row(str(a["suffix"]), str(b["legend"]), name, one, other, ratio, interval, verdict)


def _figures(row: Json) -> Mapping[str, Any]:
    left_out = ("id", "intervals", "repetitions", "regions", "wan")
    return {name: value for name, value in row.items() if name not in left_out}


def _verdict(
    name: str, a: Json, b: Json, seeds: tuple[list[Any], list[Any]] | None
) -> tuple[tuple[float, float] | None, str]:
    pairs = _pairs(name, a, b, seeds) if seeds else []
    if len(pairs) > 1:
        found = compare(name, pairs)
        return _ends(found.interval), str(found.verdict)
    one, other = ((row.get("intervals") or {}).get(name) for row in (a, b))
    if not one or not other:
        return None, str(Verdict.UNKNOWN)
    if other[0] > one[1]:
        return None, str(Verdict.MORE)
    return None, str(Verdict.LESS if other[1] < one[0] else Verdict.NOISE)


def _ends(interval: Sequence[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0], interval[1])


def _pairs(
    name: str, a: Json, b: Json, seeds: tuple[Sequence[Any], Sequence[Any]]
) -> list[tuple[float, float]]:
    """The figure in b and in a, of each seed that both had."""
    ours, theirs = (
        dict(
            zip(own, (dotted(_figures(one)).get(name) for one in row.get("repetitions") or ()), strict=False)
        )
        for own, row in zip(seeds, (a, b), strict=True)
    )
    return [
        (second, first)
        for seed, first in ours.items()
        if first is not None and (second := theirs.get(seed)) is not None
    ]
