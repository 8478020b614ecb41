"""From the records of a run to its figures. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from nightshift.bench.measures.columns import Columns
from nightshift.bench.measures.goodput import Goodput, goodput
from nightshift.bench.measures.slo import DEFAULT_SLO, Slo
from nightshift.bench.measures.spread import Spread
from nightshift.bench.measures.throughput import rate, span_s, work, work_in_window
from nightshift.bench.measures.window import Window

if TYPE_CHECKING:
    from nightshift.bench.records import RequestRecord

_QUEUED_S = 0.001
"""A shorter stay in a queue is the way through it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run, or of one region of it: see `DEFINITIONS`. Times in seconds."""

    requests: int
    finished: int
    failed: int
    unfinished: int
    without_first_token: int
    warmup_requests: int
    weighted_token_per_s: float
    token_per_s: float
    output_token_per_s: float
    request_per_s: float
    window_weighted_token_per_s: float
    window_output_token_per_s: float
    ttft_s: Spread | None
    e2e_s: Spread | None
    tpot_s: Spread | None
    ntpot_s: Spread | None
    itl_s: Spread | None
    queued_s: Spread | None
    schedule_lag_s: Spread | None
    goodput: Goodput
    prefix_hit_rate: float | None
    handed_over: int
    queued: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the figures as lines for a terminal."""
        return [f"{f.name:28} {_shown(getattr(self, f.name))}" for f in fields(self)]


def measure(records: "Iterable[RequestRecord]", window: Window, slo: Slo = DEFAULT_SLO) -> Figures:
    """Return the figures of these records."""
    return figures_of(Columns.of(records), window, slo)


def measure_by_region(
    records: "Iterable[RequestRecord]", window: Window, slo: Slo = DEFAULT_SLO
) -> dict[str, Figures]:
    """Return the figures of each client region, regions in order."""
    columns = Columns.of(records)
    regions = sorted(set(columns.region))
    return {name: figures_of(columns.where(columns.region == name), window, slo) for name in regions}


def figures_of(columns: Columns, window: Window, slo: Slo) -> Figures:
    """Return the figures of columns. Those of latency are of requests that began after the warm-up."""
    import numpy as np

    counted = columns.where(columns.start >= window.warmup_s)
    finished = counted.where(counted.finished)
    answered = counted.where(~counted.failed)
    seconds, done, in_window = span_s(finished), work(finished), work_in_window(columns, window)
    return Figures(
        requests=columns.count,
        finished=int(columns.finished.sum()),
        failed=int(columns.failed.sum()),
        unfinished=int((columns.unfinished & ~columns.failed).sum()),
        without_first_token=int((columns.unfinished & ~columns.failed & np.isnan(columns.ttft)).sum()),
        warmup_requests=columns.count - counted.count,
        weighted_token_per_s=rate(done.weighted, seconds),
        token_per_s=rate(done.input + done.output, seconds),
        output_token_per_s=rate(done.output, seconds),
        request_per_s=rate(finished.count, seconds),
        window_weighted_token_per_s=rate(in_window.weighted, window.length_s),
        window_output_token_per_s=rate(in_window.output, window.length_s),
        ttft_s=Spread.of(answered.ttft),
        e2e_s=Spread.of(finished.e2e_latency),
        tpot_s=Spread.of(finished.tpot_s),
        ntpot_s=Spread.of(finished.ntpot_s),
        itl_s=Spread.of(answered.gaps_s),
        queued_s=Spread.of(counted.queued_s),
        schedule_lag_s=Spread.of(counted.start - counted.scheduled),
        goodput=goodput(counted, slo, seconds),
        prefix_hit_rate=_hit_rate(finished),
        handed_over=int((counted.hops >= 1).sum()),
        queued=int((counted.queued_s >= _QUEUED_S).sum()),
    )


def _hit_rate(finished: Columns) -> float | None:
    import numpy as np

    told = finished.where(~np.isnan(finished.cached_tokens) & ~np.isnan(finished.input_tokens))
    total = float(told.input_tokens.sum())
    return float(np.minimum(told.cached_tokens, told.input_tokens).sum()) / total if total else None


def _shown(value: object) -> str:
    match value:
        case Spread():
            return "  ".join(f"{name} {number:.3f}" for name, number in asdict(value).items())
        case Goodput():
            parts = asdict(value).items()
            return "  ".join(f"{name} {_shown(part)}" for name, part in parts)
        case float():
            return f"{value:.3f}"
        case _:
            return str(value)
