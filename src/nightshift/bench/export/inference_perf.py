"""A run as inference-perf's `summary_lifecycle_metrics.json`.

Layout and names are those of inference-perf 0.7 (its `reportgen/base.py` and `docs/reports.md`). It knows
successes and failures only; a request that was still running when the run ended is among its failures, under
the label "unfinished at the end of the run". Requests of the warm-up are left out, as everywhere here. What
its goodput and its window rest on stands beside the layout, in `nightshift`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nightshift.bench.measures import Slo, Window
from nightshift.bench.measures.columns import Columns
from nightshift.bench.measures.goodput import goodput
from nightshift.bench.measures.throughput import rate, span_s, work
from nightshift.bench.records import RequestRecord

if TYPE_CHECKING:
    from nightshift.bench.measures.columns import Floats

PERCENTILES = (0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
"""inference-perf's default; that of 50 is called `median` there."""
UNFINISHED = "unfinished at the end of the run"
_MESSAGES = 100  # of each label, as in inference-perf


def as_summary(records: Sequence[RequestRecord], window: Window, slo: Slo) -> dict[str, Any]:
    """Return the summary of the requests that began after the warm-up."""
    counted = [record for record in records if record.start >= window.warmup_s]
    every = Columns.of(counted)
    done, lost = every.where(every.finished), every.where(~every.finished)
    return {
        "benchmark_time_seconds": span_s(every),
        "load_summary": {"count": every.count, "schedule_delay": _summary(every.start - every.scheduled)},
        "successes": _successes(every, done, slo),
        "failures": {
            "count": lost.count,
            "request_latency": _summary(lost.end - lost.start),
            "prompt_tokens": _tokens(lost.input_tokens, lost.cached_tokens),
            "by_label": _by_label([record for record in counted if not record.finished]),
        },
        "nightshift": {"slo": slo.text, "warmup_s": window.warmup_s},
    }


def _successes(every: Columns, done: Columns, slo: Slo) -> dict[str, Any]:
    seconds, tokens = span_s(every), work(done)
    return {
        "count": done.count,
        "latency": {
            "request_latency": _summary(done.e2e_latency),
            "normalized_time_per_output_token": _summary(done.ntpot_s),
            "time_per_output_token": _summary(done.tpot_s),
            "time_to_first_token": _summary(done.ttft),
            "inter_token_latency": _summary(done.gaps_s),
        },
        "throughput": {
            "input_tokens_per_sec": rate(tokens.input, seconds),
            "output_tokens_per_sec": rate(tokens.output, seconds),
            "total_tokens_per_sec": rate(tokens.input + tokens.output, seconds),
            "requests_per_sec": rate(done.count, seconds),
        },
        "request_size_bytes": _summary(done.prompt_bytes),
        "prompt_tokens": _tokens(done.input_tokens, done.cached_tokens),
        "output_len": _summary(done.output_tokens),
        "output_tokens": {"total": tokens.output, **(_summary(done.output_tokens) or {})},
        "goodput_metrics": _goodput(done, slo, seconds),
    }


def _goodput(done: Columns, slo: Slo, seconds: float) -> dict[str, Any] | None:
    """Judge those that finished, as inference-perf does: its share is not that of `goodput.share`."""
    if not done.count:
        return None
    found = goodput(done, slo, seconds)
    return {
        "goodput_percentage": 100 * found.good / done.count,
        "request_goodput": found.request_per_s,
        "token_goodput": found.token_per_s,
        "good_requests": found.good,
        "total_requests": done.count,
    }


def _summary(values: "Floats") -> dict[str, float] | None:
    import numpy as np

    known = values[~np.isnan(values)]
    if not known.size:
        return None
    found = {"mean": float(known.mean()), "min": float(known.min()), "max": float(known.max())}
    for place, value in zip(PERCENTILES, np.percentile(known, PERCENTILES), strict=True):
        found["median" if place == 50 else f"p{place:g}"] = float(value)
    return found


def _tokens(prompt: "Floats", cached: "Floats") -> dict[str, float]:
    import numpy as np

    total, hit = float(np.nansum(prompt)), float(np.nansum(np.minimum(cached, prompt)))
    return {"total": total, "cached": hit, "uncached": max(0.0, total - hit), **(_summary(prompt) or {})}


def _by_label(lost: Sequence[RequestRecord]) -> dict[str, Mapping[str, Any]]:
    """Return count and messages of each label, the most frequent first."""
    labels: dict[str, Counter[str]] = {}
    for record in lost:
        label, message = _label(record)
        labels.setdefault(label, Counter())[message] += 1
    ordered = sorted(labels.items(), key=lambda item: -item[1].total())
    return {
        label: {
            "count": messages.total(),
            "messages": [{"message": message} for message, _ in messages.most_common(_MESSAGES)],
        }
        for label, messages in ordered
    }


def _label(record: RequestRecord) -> tuple[str, str]:
    """Return label and message: `HTTP 503: busy` is labelled `HTTP 503`, an exception by its name."""
    if record.failed is None:
        return UNFINISHED, UNFINISHED
    return record.failed.partition(":")[0], record.failed
