"""`/metrics` in Prometheus' text format, under vLLM's names and under SGLang's.

Names and meanings: docs.vllm.ai "Production Metrics" (both the present `kv_cache_usage_perc` and its
name before v0.10, `gpu_cache_usage_perc`) and sgl-project/sglang `docs/references/production_metrics.md`.
Prefix cache counts are in tokens, as vLLM's are. SGLang's `cache_hit_rate` is that of the last prefill
batch; here it is that of all since the start.
"""

from collections.abc import Iterator
from typing import NamedTuple

from nightshift.engine.stats import EngineStats


class Metric(NamedTuple):
    """One metric with its only value."""

    name: str
    kind: str
    help: str
    value: float


def render(stats: EngineStats, model: str) -> str:
    """Return the body of `/metrics`."""
    escaped = model.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    label = f'{{model_name="{escaped}"}}'
    return "".join(
        f"# HELP {one.name} {one.help}\n# TYPE {one.name} {one.kind}\n{one.name}{label} {one.value}\n"
        for one in [*_vllm(stats), *_sglang(stats)]
    )


def _vllm(stats: EngineStats) -> Iterator[Metric]:
    totals = stats.totals
    yield Metric("vllm:num_requests_running", "gauge", "Requests in the batch.", stats.running)
    yield Metric("vllm:num_requests_waiting", "gauge", "Requests waiting to be processed.", stats.pending)
    yield Metric("vllm:kv_cache_usage_perc", "gauge", "KV-cache usage, 1 is all of it.", stats.kv_use)
    yield Metric("vllm:gpu_cache_usage_perc", "gauge", "KV-cache usage, 1 is all of it.", stats.kv_use)
    yield Metric("vllm:num_preemptions_total", "counter", "Preemptions.", totals.retractions)
    yield Metric("vllm:prompt_tokens_total", "counter", "Prompt tokens processed.", totals.prompt_tokens)
    yield Metric("vllm:generation_tokens_total", "counter", "Tokens generated.", totals.generated_tokens)
    yield Metric("vllm:prefix_cache_queries_total", "counter", "Tokens looked up.", totals.prompt_tokens)
    yield Metric("vllm:prefix_cache_hits_total", "counter", "Tokens found cached.", totals.cached_tokens)
    yield Metric("vllm:request_success_total", "counter", "Requests finished.", totals.finished)


def _sglang(stats: EngineStats) -> Iterator[Metric]:
    totals = stats.totals
    hit_rate = totals.cached_tokens / totals.prompt_tokens if totals.prompt_tokens else 0.0
    yield Metric("sglang:num_running_reqs", "gauge", "Requests in the batch.", stats.running)
    yield Metric("sglang:num_queue_reqs", "gauge", "Requests in the waiting queue.", stats.pending)
    yield Metric("sglang:num_used_tokens", "gauge", "Tokens of KV cache used.", stats.kv_used_tokens)
    yield Metric("sglang:max_total_num_tokens", "gauge", "Tokens of KV cache.", stats.kv_capacity_tokens)
    yield Metric("sglang:token_usage", "gauge", "KV cache used, 1 is all of it.", stats.kv_use)
    yield Metric("sglang:cache_hit_rate", "gauge", "Prefix cache hit rate.", hit_rate)
    yield Metric("sglang:prompt_tokens_total", "counter", "Prompt tokens processed.", totals.prompt_tokens)
    yield Metric("sglang:generation_tokens_total", "counter", "Tokens generated.", totals.generated_tokens)
    yield Metric("sglang:cached_tokens_total", "counter", "Prompt tokens cached.", totals.cached_tokens)
    yield Metric("sglang:num_requests_total", "counter", "Requests finished.", totals.finished)
    yield Metric("sglang:num_retracted_requests_total", "counter", "Retractions.", totals.retractions)
    yield Metric("sglang:num_aborted_requests_total", "counter", "Requests aborted.", totals.aborted)
