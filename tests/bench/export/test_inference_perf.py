"""The layout is a contract: that of inference-perf's `summary_lifecycle_metrics.json`, as of 0.7."""

from typing import Any

import numpy as np
import pytest

from nightshift.bench.export.inference_perf import UNFINISHED, as_summary
from nightshift.bench.measures import Slo, Window
from nightshift.bench.records import RequestRecord

Records = dict[str, RequestRecord]

DISTRIBUTION = {
    "mean", "min", "max", "p0.1", "p1", "p5", "p10", "p25", "median", "p75", "p90", "p95", "p99", "p99.9",
}  # fmt: skip
LATENCIES = {
    "request_latency", "normalized_time_per_output_token", "time_per_output_token", "time_to_first_token",
    "inter_token_latency",
}  # fmt: skip


@pytest.fixture
def summary(records: Records) -> dict[str, Any]:
    return as_summary(list(records.values()), Window(5.0, 20.0), Slo(ttft=0.7))


def test_the_documented_layout(summary: dict[str, Any]) -> None:
    layout = {"benchmark_time_seconds", "load_summary", "successes", "failures"}
    assert set(summary) - {"nightshift"} == layout
    assert summary["nightshift"]["slo"]
    assert set(summary["load_summary"]) == {"count", "schedule_delay"}
    successes = summary["successes"]
    assert set(successes["latency"]) == LATENCIES
    for name in LATENCIES:
        assert set(successes["latency"][name]) == DISTRIBUTION
    assert set(successes["throughput"]) == {
        "input_tokens_per_sec", "output_tokens_per_sec", "total_tokens_per_sec", "requests_per_sec",
    }  # fmt: skip
    assert set(successes["prompt_tokens"]) == {"total", "cached", "uncached"} | DISTRIBUTION
    assert set(summary["failures"]) == {"count", "request_latency", "prompt_tokens", "by_label"}


def test_nothing_is_lost(summary: dict[str, Any]) -> None:
    found = (summary["load_summary"]["count"], summary["successes"]["count"], summary["failures"]["count"])
    assert found == (5, 2, 3)  # that of the warm-up is left out
    by_label = summary["failures"]["by_label"]
    assert sum(label["count"] for label in by_label.values()) == 3


def test_failures_by_label(summary: dict[str, Any]) -> None:
    assert summary["failures"]["by_label"] == {
        "HTTP 503": {"count": 1, "messages": [{"message": "HTTP 503: busy"}]},
        "ServerDisconnectedError": {"count": 1, "messages": [{"message": "ServerDisconnectedError: gone"}]},
        UNFINISHED: {"count": 1, "messages": [{"message": UNFINISHED}]},
    }


def test_values(summary: dict[str, Any]) -> None:
    ttft = summary["successes"]["latency"]["time_to_first_token"]
    assert (ttft["mean"], ttft["min"], ttft["max"], ttft["median"]) == (0.75, 0.5, 1.0, 0.75)
    assert ttft["p99.9"] == pytest.approx(np.percentile([0.5, 1.0], 99.9))
    assert summary["benchmark_time_seconds"] == 10.0
    assert summary["successes"]["throughput"]["output_tokens_per_sec"] == 2.0
    assert summary["load_summary"]["schedule_delay"]["max"] == pytest.approx(2.1)


def test_goodput_is_of_those_that_finished(summary: dict[str, Any]) -> None:
    assert summary["successes"]["goodput_metrics"] == {
        "goodput_percentage": 50.0,
        "request_goodput": 0.1,
        "token_goodput": 11.0,
        "good_requests": 1,
        "total_requests": 2,
    }


def test_a_run_without_an_answer(records: Records) -> None:
    summary = as_summary([records["busy"]], Window(5.0, 20.0), Slo())
    assert summary["successes"]["count"] == 0
    assert summary["successes"]["latency"]["time_to_first_token"] is None
    assert summary["successes"]["goodput_metrics"] is None
    assert as_summary([], Window(5.0, 20.0), Slo())["benchmark_time_seconds"] == 0.0
