"""`/metrics` is what Prometheus reads, under both engines' names."""

import re
from collections.abc import Callable
from typing import Any

from nightshift.backends.emulated.metrics import render
from nightshift.engine.stats import EngineStats, Totals

SAMPLE = re.compile(r'^([a-z]+:[a-z_]+)\{model_name="((?:[^"\\]|\\.)*)"\} ([0-9.e+-]+)$')
STATS = EngineStats(
    pending=3,
    running=7,
    kv_used_tokens=1600,
    kv_capacity_tokens=6400,
    totals=Totals(prompt_tokens=1000, cached_tokens=250, generated_tokens=77, retractions=2, finished=5),
)


def samples(text: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match is not None, line
            found[match[1]] = float(match[3])
    return found


def test_both_vocabularies_report_the_same() -> None:
    found = samples(render(STATS, "m"))
    assert found["vllm:num_requests_waiting"] == found["sglang:num_queue_reqs"] == 3
    assert found["vllm:num_requests_running"] == found["sglang:num_running_reqs"] == 7
    assert found["vllm:kv_cache_usage_perc"] == found["sglang:token_usage"] == 0.25
    assert found["vllm:gpu_cache_usage_perc"] == 0.25
    assert found["vllm:prefix_cache_queries_total"] == found["sglang:prompt_tokens_total"] == 1000
    assert found["vllm:prefix_cache_hits_total"] == found["sglang:cached_tokens_total"] == 250
    assert found["vllm:generation_tokens_total"] == 77
    assert found["vllm:num_preemptions_total"] == 2
    assert found["sglang:cache_hit_rate"] == 0.25


def test_every_sample_has_help_and_type() -> None:
    text = render(STATS, "m")
    for name in samples(text):
        assert f"\n# HELP {name} " in "\n" + text
        assert re.search(rf"^# TYPE {name} (gauge|counter)$", text, re.MULTILINE)


def test_a_strange_model_name_is_escaped() -> None:
    assert samples(render(STATS, 'a"b\\c'))


def test_the_endpoint_serves_it(with_server: Callable[..., None]) -> None:
    async def body(served: Any) -> None:
        ask = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        head, _, text = (await served.exchange(ask)).partition(b"\r\n\r\n")
        assert b"text/plain; version=0.0.4" in head
        assert samples(text.decode())["sglang:num_running_reqs"] == 0

    with_server(body)
