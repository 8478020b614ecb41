"""From the records of a run to its figures. Pure.

`DEFINITIONS` says what each figure is; the report prints it beside the numbers. Two throughputs stand
side by side, because a closed loop that is cut off has ragged edges:

- the original's: tokens of the requests that finished, over latest end - earliest start. At the end
  every user has a request under way whose tokens count nowhere, while the time is counted.
- in the window: the tokens of every request, spread over the time when they were worked on (prompt from
  sending to the first content, answer from there to the end), as far as that lies in the window from
  warm-up to the run's end. Nothing is lost at the edges, and the fill-up at the start is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nightshift.bench.records import RequestRecord

BYTES_PER_TOKEN = 4  # for prompts whose length no engine told, in a run where none was told at all

DEFINITIONS: Mapping[str, str] = {
    "requests": "Requests sent, of whatever outcome; warm-up included.",
    "failed": "Requests that ended in a transport error, an error status, an error inside the stream, or a "
    "stream that ended too soon; warm-up included.",
    "unfinished": "Requests still running when the run ended; warm-up included.",
    "without_first_token": "Of the unfinished ones, those without any content yet; warm-up included. They "
    "have no TTFT, so that TTFT looks better than it is where this is not small.",
    "warmup_requests": "Requests sent before the warm-up was over. Of the figures below they count only in "
    "those of the window, with the part of their work that lies in it.",
    "weighted_token_per_s": "Sum of (input + 2 x output tokens) over finished requests / (latest end - "
    "earliest start): the original system's throughput.",
    "output_token_per_s": "Output tokens of finished requests / (latest end - earliest start).",
    "request_per_s": "Finished requests / (latest end - earliest start).",
    "window_weighted_token_per_s": "(Input + 2 x output tokens) worked on between warm-up and the end of the "
    "run, per second: a request's input is spread evenly from sending to first content, its output from "
    "there to its end; unfinished requests count with what they delivered, failed ones not at all.",
    "window_output_token_per_s": "Output tokens worked on between warm-up and the end of the run, per "
    "second; spread as above.",
    "ttft_s": "Time to first token: from just before sending (a new connection included) to the first "
    "content that is not empty. Of requests that finished or are unfinished with content.",
    "e2e_s": "End to end: from just before sending to the chunk with a finish reason. Of finished requests.",
    "tpot_s": "Time per output token of a finished request: (E2E - TTFT) / (output tokens - 1).",
    "queued_s": "Time in a balancer's queue, as the response's header says. Of requests with that header.",
    "prefix_hit_rate": "Sum of cached prompt tokens / sum of prompt tokens, as engines report them, over "
    "finished requests whose engine reports both. None if no engine does.",
    "handed_over": "Requests that were served through a second balancer (hops of 1 or more).",
    "queued": "Requests that waited in a balancer's queue for 1 ms or more.",
}
"""What each figure of `Figures` is."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a run that counts, in seconds of the run's clock."""

    warmup_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds that count; 0 if the run ended in its warm-up."""
        return max(0.0, self.end_s - self.warmup_s)

    def share_of(self, start: float, end: float) -> float:
        """Return how much of the span from `start` to `end` lies in the window, from 0 to 1."""
        if end <= start:
            return float(self.warmup_s <= start <= self.end_s)
        return max(0.0, min(end, self.end_s) - max(start, self.warmup_s)) / (end - start)


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in four numbers; percentiles are interpolated between neighbours."""

    mean: float
    p50: float
    p90: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """Return the spread of the values; None if there are none."""
        if not values:
            return None
        import numpy

        p50, p90, p99 = numpy.percentile(values, [50, 90, 99])
        return cls(float(numpy.mean(values)), float(p50), float(p90), float(p99))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run, or of one region of it: see `DEFINITIONS`. Times in seconds."""

    requests: int
    failed: int
    unfinished: int
    without_first_token: int
    warmup_requests: int
    weighted_token_per_s: float
    output_token_per_s: float
    request_per_s: float
    window_weighted_token_per_s: float
    window_output_token_per_s: float
    ttft_s: Spread | None
    e2e_s: Spread | None
    tpot_s: Spread | None
    queued_s: Spread | None
    prefix_hit_rate: float | None
    handed_over: int
    queued: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the figures as lines for a terminal."""
        return [f"{name:28} {_shown(getattr(self, name))}" for name in DEFINITIONS]


def measure(records: Iterable[RequestRecord], window: Window) -> Figures:
    """Return the figures of these records."""
    everything = list(records)
    counted = [record for record in everything if record.start >= window.warmup_s]
    finished = [record for record in counted if record.finished]
    span_s = _span_s(finished)
    in_window = _work_in_window(everything, window)
    return Figures(
        requests=len(everything),
        failed=sum(record.failed is not None for record in everything),
        unfinished=sum(record.unfinished for record in everything),
        without_first_token=sum(record.unfinished and record.ttft is None for record in everything),
        warmup_requests=len(everything) - len(counted),
        weighted_token_per_s=_ratio(sum(_weighted_tokens(record) for record in finished), span_s),
        output_token_per_s=_ratio(sum(record.output_tokens for record in finished), span_s),
        request_per_s=_ratio(len(finished), span_s),
        window_weighted_token_per_s=_ratio(in_window.input + 2 * in_window.output, window.length_s),
        window_output_token_per_s=_ratio(in_window.output, window.length_s),
        ttft_s=Spread.of([r.ttft for r in counted if r.failed is None and r.ttft is not None]),
        e2e_s=Spread.of([r.e2e_latency for r in finished if r.e2e_latency is not None]),
        tpot_s=Spread.of([tpot for record in finished if (tpot := _tpot_s(record)) is not None]),
        queued_s=Spread.of([r.queued_s for r in counted if r.queued_s is not None]),
        prefix_hit_rate=_hit_rate(finished),
        handed_over=sum(record.hops is not None and record.hops >= 1 for record in counted),
        queued=sum(record.queued_s is not None and record.queued_s >= 0.001 for record in counted),
    )


def measure_by_region(records: Iterable[RequestRecord], window: Window) -> dict[str, Figures]:
    """Return the figures of each region that users asked from."""
    by_region: dict[str, list[RequestRecord]] = {}
    for record in records:
        by_region.setdefault(record.region, []).append(record)
    return {region: measure(own, window) for region, own in sorted(by_region.items())}


@dataclass(frozen=True, slots=True)
class _Work:
    """Tokens, parts of tokens included."""

    input: float
    output: float


def _work_in_window(records: Sequence[RequestRecord], window: Window) -> _Work:
    tokens_per_byte = _tokens_per_byte(records)
    done_input = done_output = 0.0
    for record in records:
        if record.failed is not None or record.streaming_start is None:
            continue
        told = record.input_tokens
        prompt = record.prompt_bytes * tokens_per_byte if told is None else told
        done_input += prompt * window.share_of(record.start, record.streaming_start)
        done_output += record.output_tokens * window.share_of(record.streaming_start, record.end)
    return _Work(done_input, done_output)


def _tokens_per_byte(records: Iterable[RequestRecord]) -> float:
    """Return what finished requests had, to guess the prompt tokens of unfinished ones."""
    told = [(r.input_tokens, r.prompt_bytes) for r in records if r.input_tokens is not None]
    total_bytes = sum(prompt_bytes for _, prompt_bytes in told)
    return sum(tokens for tokens, _ in told) / total_bytes if total_bytes else 1 / BYTES_PER_TOKEN


def _weighted_tokens(record: RequestRecord) -> int:
    return (record.input_tokens or 0) + 2 * record.output_tokens


def _span_s(finished: Sequence[RequestRecord]) -> float:
    if not finished:
        return 0.0
    return max(record.end for record in finished) - min(record.start for record in finished)


def _tpot_s(record: RequestRecord) -> float | None:
    if record.ttft is None or record.e2e_latency is None or record.output_tokens < 2:
        return None
    return (record.e2e_latency - record.ttft) / (record.output_tokens - 1)


def _hit_rate(finished: Iterable[RequestRecord]) -> float | None:
    told = [
        (min(record.cached_tokens, record.input_tokens), record.input_tokens)
        for record in finished
        if record.cached_tokens is not None and record.input_tokens is not None
    ]
    total = sum(prompt for _, prompt in told)
    return sum(cached for cached, _ in told) / total if total else None


def _ratio(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0


def _shown(value: object) -> str:
    if isinstance(value, Spread):
        return f"mean {value.mean:.3f}  p50 {value.p50:.3f}  p90 {value.p90:.3f}  p99 {value.p99:.3f}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
