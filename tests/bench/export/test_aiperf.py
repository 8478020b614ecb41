"""The names are a contract: those of AIPerf's documentation of `profile_export.jsonl`, as of 0.13."""

from typing import Any

import pytest

from nightshift.bench.export.aiperf import as_line
from nightshift.bench.records import RequestRecord

METADATA = {
    "session_num", "x_request_id", "x_correlation_id", "conversation_id", "turn_index", "request_start_ns",
    "request_ack_ns", "request_end_ns", "worker_id", "record_processor_id", "benchmark_phase",
    "was_cancelled", "cancellation_time_ns",
}  # fmt: skip
UNITS = {
    "input_sequence_length": "tokens",
    "time_to_first_token": "ms",
    "request_latency": "ms",
    "output_token_count": "tokens",
    "inter_chunk_latency": "ms",
    "output_sequence_length": "tokens",
    "inter_token_latency": "ms",
    "output_token_throughput_per_user": "tokens/sec/user",
    "usage_prompt_cache_read_tokens": "tokens",
}
OURS = {
    "system", "repetition", "outcome", "region", "balancer", "replica", "served_by", "hops", "queued_s",
    "matched", "scheduled", "user", "hash_key", "prompt_bytes", "ttft",
}  # fmt: skip

Records = dict[str, RequestRecord]


def line(record: RequestRecord) -> dict[str, Any]:
    return as_line(record, session=7, warmup_s=5.0, of={"system": "sgl", "repetition": 2})


def test_every_line_has_the_documented_parts(records: Records) -> None:
    for record in records.values():
        made = line(record)
        assert set(made) == {"metadata", "metrics", "error", "nightshift"}
        assert set(made["metadata"]) == METADATA
        assert set(made["nightshift"]) == OURS


def test_an_answered_request_has_the_documented_metrics(records: Records) -> None:
    metrics = line(records["good"])["metrics"]
    assert {name: metric["unit"] for name, metric in metrics.items()} == UNITS
    values = {name: metric["value"] for name, metric in metrics.items()}
    assert (values["time_to_first_token"], values["request_latency"]) == (1000.0, 10000.0)
    assert values["inter_token_latency"] == pytest.approx(1000.0)  # (10 - 1) / (10 - 1)
    assert values["inter_chunk_latency"] == [1000.0] * 9
    assert values["output_token_throughput_per_user"] == pytest.approx(1.0)
    assert line(records["good"])["error"] is None


def test_times_are_whole_nanoseconds(records: Records) -> None:
    metadata = line(records["good"])["metadata"]
    assert metadata["request_start_ns"] == 10_000_000_000
    assert metadata["request_ack_ns"] == 10_500_000_000
    assert metadata["request_end_ns"] == 20_000_000_000
    assert (metadata["session_num"], metadata["turn_index"], metadata["conversation_id"]) == (7, 1, "talk-1")


def test_phases(records: Records) -> None:
    phases = {name: line(record)["metadata"]["benchmark_phase"] for name, record in records.items()}
    assert phases["early"] == "warmup"
    assert {phases[name] for name in records if name != "early"} == {"profiling"}


def test_failed_requests_have_an_error_and_the_length_of_their_prompt(records: Records) -> None:
    busy, broken = line(records["busy"]), line(records["broken"])
    assert busy["error"] == {"code": 503, "type": "HTTP 503", "message": "HTTP 503: busy"}
    assert busy["metrics"] == {}
    assert broken["error"]["code"] is None
    assert broken["error"]["type"] == "ServerDisconnectedError"
    assert broken["metrics"] == {"error_isl": {"value": 100, "unit": "tokens"}}


def test_a_cut_off_request_was_cancelled_and_keeps_what_was_seen(records: Records) -> None:
    made = line(records["cut"])
    assert made["metadata"]["was_cancelled"]
    assert made["metadata"]["cancellation_time_ns"] == 20_000_000_000
    assert (made["error"]["code"], made["error"]["type"]) == (499, "RequestCancellationError")
    assert (made["nightshift"]["outcome"], made["nightshift"]["ttft"]) == ("unfinished", 2.5)


def test_what_only_we_know(records: Records) -> None:
    own = line(records["good"])["nightshift"]
    assert (own["system"], own["repetition"], own["outcome"]) == ("sgl", 2, "finished")
    assert (own["region"], own["balancer"], own["replica"], own["hops"]) == ("us", "lb-us", "us-0", 0)
