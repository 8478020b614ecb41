"""How well one run says what another measured: the same requests, pair by pair, and figures of both. Pure.

Requests are paired by program and turn, in the order in which a program asked them where it asks several
at once. Closed loops of different speed do not ask the same number of requests; those that only one of them
asked are counted and left out of the errors.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from nightshift.bench.records import RequestRecord


@dataclass(frozen=True, slots=True)
class Deviation:
    """Of a time: |said - measured| / measured over the pairs, and the medians of both in seconds."""

    error_p50: float
    error_p90: float
    measured_p50_s: float
    said_p50_s: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of comparing two runs. None where no pair has the figure."""

    pairs: int
    only_measured: int
    only_said: int
    e2e: Deviation | None
    ttft: Deviation | None
    hit_rate_measured: float | None
    hit_rate_said: float | None
    output_token_per_s_measured: float
    output_token_per_s_said: float

    @property
    def hit_rate_points(self) -> float | None:
        """Percentage points between the two hit rates."""
        if self.hit_rate_measured is None or self.hit_rate_said is None:
            return None
        return 100 * abs(self.hit_rate_said - self.hit_rate_measured)

    @property
    def throughput_error(self) -> float | None:
        """|said - measured| / measured of output token/s."""
        measured = self.output_token_per_s_measured
        return abs(self.output_token_per_s_said - measured) / measured if measured else None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **asdict(self),
            "hit_rate_points": self.hit_rate_points,
            "throughput_error": self.throughput_error,
        }


def agreement(measured: Iterable[RequestRecord], said: Iterable[RequestRecord]) -> Agreement:
    """Compare what a model said with what was measured; only requests that finished have times."""
    real, model = _by_place(measured), _by_place(said)
    common = sorted(real.keys() & model.keys())
    pairs = [(real[place], model[place]) for place in common]
    return Agreement(
        pairs=len(pairs),
        only_measured=len(real) - len(common),
        only_said=len(model) - len(common),
        e2e=_deviation([(a.e2e_latency, b.e2e_latency) for a, b in pairs]),
        ttft=_deviation([(a.ttft, b.ttft) for a, b in pairs]),
        hit_rate_measured=_hit_rate([a for a, _ in pairs]),
        hit_rate_said=_hit_rate([b for _, b in pairs]),
        output_token_per_s_measured=_throughput(real.values()),
        output_token_per_s_said=_throughput(model.values()),
    )


Place = tuple[str, int, int]
"""Program, turn, and which of those that the program asked in this turn."""


def _by_place(records: Iterable[RequestRecord]) -> dict[Place, RequestRecord]:
    seen: dict[tuple[str, int], int] = defaultdict(int)
    found = {}
    for record in sorted(records, key=lambda record: record.start):
        number = seen[record.program_id, record.turn]
        seen[record.program_id, record.turn] += 1
        if record.finished:
            found[record.program_id, record.turn, number] = record
    return found


def _deviation(pairs: Sequence[tuple[float | None, float | None]]) -> Deviation | None:
    known = [(real, model) for real, model in pairs if real and model is not None]
    if not known:
        return None
    errors = sorted(abs(model - real) / real for real, model in known)
    return Deviation(
        error_p50=median(errors),
        error_p90=errors[min(len(errors) - 1, int(0.9 * len(errors)))],
        measured_p50_s=median(real for real, _ in known),
        said_p50_s=median(model for _, model in known),
    )


def _hit_rate(records: Iterable[RequestRecord]) -> float | None:
    told = [
        (record.cached_tokens, record.input_tokens)
        for record in records
        if record.cached_tokens is not None and record.input_tokens
    ]
    total = sum(prompt for _, prompt in told)
    return sum(min(cached, prompt) for cached, prompt in told) / total if total else None


def _throughput(finished: Iterable[RequestRecord]) -> float:
    """Output tokens of finished requests / (latest end - earliest start)."""
    records = list(finished)
    if not records:
        return 0.0
    span_s = max(record.end for record in records) - min(record.start for record in records)
    return sum(record.output_tokens for record in records) / span_s if span_s > 0 else 0.0
