"""One request as a line of AIPerf's `profile_export.jsonl`, with what AIPerf does not know in `nightshift`.

Names and units are those of AIPerf 0.13 ("Working with Profile Export Files" in its documentation); its own
reader takes lines with further fields. Times are on the run's clock (0: the common start of all regions),
where AIPerf has the wall clock's. AIPerf's `inter_token_latency` is the TPOT of `docs/reference/measures.md`.
"""

import re
from collections.abc import Mapping
from typing import Any

from nightshift.bench.records import RequestRecord

Json = Mapping[str, Any]

_HTTP = re.compile(r"HTTP (\d{3})")
_CANCELLED = 499
"""AIPerf's code for a request that the client gave up."""


def as_line(record: RequestRecord, *, session: int, warmup_s: float, of: Json) -> dict[str, Any]:
    """Return the line. `session` numbers the conversations of the run, `of` names system and repetition."""
    return {
        "metadata": _metadata(record, session, warmup_s),
        "metrics": _metrics(record) if record.finished else _of_no_answer(record),
        "error": _error(record),
        "nightshift": {**of, **_own(record)},
    }


def _metadata(record: RequestRecord, session: int, warmup_s: float) -> Json:
    return {
        "session_num": session,
        "x_request_id": record.uid,
        "x_correlation_id": record.program_id,
        "conversation_id": record.program_id,
        "turn_index": record.turn,
        "request_start_ns": _ns(record.start),
        "request_ack_ns": _ns(record.response_start),
        "request_end_ns": _ns(record.end),
        "worker_id": record.region,
        "record_processor_id": "nightshift",
        "benchmark_phase": "warmup" if record.start < warmup_s else "profiling",
        "was_cancelled": record.unfinished,
        "cancellation_time_ns": _ns(record.end) if record.unfinished else None,
    }


def _metrics(record: RequestRecord) -> Json:
    tpot_ms = None
    if record.ttft is not None and record.e2e_latency is not None and record.output_tokens >= 2:
        tpot_ms = (record.e2e_latency - record.ttft) * 1000 / (record.output_tokens - 1)
    values = {
        "input_sequence_length": (record.input_tokens, "tokens"),
        "time_to_first_token": (_ms(record.ttft), "ms"),
        "request_latency": (_ms(record.e2e_latency), "ms"),
        "output_token_count": (record.output_tokens, "tokens"),
        "output_sequence_length": (record.output_tokens, "tokens"),
        "inter_token_latency": (tpot_ms, "ms"),
        "inter_chunk_latency": (record.itl_s and [round(gap * 1000, 3) for gap in record.itl_s], "ms"),
        "output_token_throughput_per_user": (1000 / tpot_ms if tpot_ms else None, "tokens/sec/user"),
        "usage_prompt_cache_read_tokens": (record.cached_tokens, "tokens"),
    }
    return {
        name: {"value": value, "unit": unit} for name, (value, unit) in values.items() if value is not None
    }


def _of_no_answer(record: RequestRecord) -> Json:
    """Return what AIPerf writes of a request that failed or was cancelled: the length of its prompt alone."""
    told = record.input_tokens
    return {} if told is None else {"error_isl": {"value": told, "unit": "tokens"}}


def _error(record: RequestRecord) -> Json | None:
    if record.failed is not None:
        status = _HTTP.match(record.failed)
        kind = record.failed.partition(":")[0]
        return {"code": status and int(status[1]), "type": kind, "message": record.failed}
    if record.unfinished:
        after_s = record.end - record.start
        message = f"The run ended {after_s:.3f} seconds after the request was sent"
        return {"code": _CANCELLED, "type": "RequestCancellationError", "message": message}
    return None


def _own(record: RequestRecord) -> Json:
    names = (
        "region", "balancer", "replica", "served_by", "hops", "queued_s", "matched", "scheduled", "user",
        "hash_key", "prompt_bytes", "ttft",
    )  # fmt: skip
    outcome = "failed" if record.failed is not None else "unfinished" if record.unfinished else "finished"
    return {"outcome": outcome, **{name: getattr(record, name) for name in names}}


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e9)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
