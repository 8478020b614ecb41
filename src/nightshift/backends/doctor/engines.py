"""What the doctor knows of each engine: how it names itself, where its version is, which option does what.

Options after the engines' own documentation: docs.vllm.ai "Engine Arguments", docs.sglang.io "Server
Arguments" and "Production Metrics", TGI's `--help`, llama.cpp `tools/server/README.md`, TensorRT-LLM's page
of trtllm-serve.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One kind of engine. What has no option says why."""

    owner: str
    """`owned_by` in its list of models."""
    version_path: str
    version_key: str
    metrics_on: str
    """What switches its metrics page on."""
    gauges_on: str
    """What makes a page without the load gauges have them."""
    cached_on: str
    """What makes answers say how many tokens were cached."""
    hits: tuple[bytes, ...] = ()
    """Metrics of which one tells how well the prefix cache does, newest first."""


KNOWN = {
    "vllm": Knowledge(
        owner="vllm",
        version_path="/version",
        version_key="version",
        metrics_on="start it without --disable-log-stats",
        gauges_on="start it without --disable-log-stats",
        cached_on="start vLLM with --enable-prompt-tokens-details (and not --no-enable-prefix-caching)",
        hits=(
            b"vllm:prefix_cache_hits_total",
            b"vllm:prefix_cache_hits",
            b"vllm:gpu_prefix_cache_hits_total",
        ),
    ),
    "sglang": Knowledge(
        owner="sglang",
        version_path="/get_server_info",
        version_key="version",
        metrics_on="start SGLang with --enable-metrics",
        gauges_on="ask again after a first request; SGLang writes them with its first batch",
        cached_on="start SGLang with --enable-cache-report (and not --disable-radix-cache)",
        hits=(b"sglang:cached_tokens_total", b"sglang:cache_hit_rate", b"sglang_cached_tokens_total"),
    ),
    "llama.cpp": Knowledge(
        owner="llamacpp",
        version_path="/props",
        version_key="build_info",
        metrics_on="start llama-server with --metrics",
        gauges_on="update llama.cpp; builds since 2024 have them",
        cached_on="update llama.cpp; builds of 2026 report it (and do not give --no-cache-prompt)",
        hits=(b"llamacpp:prompt_tokens_cached_total",),
    ),
    "tgi": Knowledge(
        owner="",
        version_path="/info",
        version_key="version",
        metrics_on="TGI has it on /metrics unless a proxy or --prometheus-port moved it",
        gauges_on="ask again after a first request; TGI writes them with it",
        cached_on="TGI does not report it; Nightshift places by its own prefix index all the same",
    ),
    "tensorrt-llm": Knowledge(
        owner="tensorrt_llm",
        version_path="/version",
        version_key="version",
        metrics_on="give trtllm-serve return_perf_metrics: true in --extra_llm_api_options, and set the"
        " replica's engine to tensorrt-llm: its page is /prometheus/metrics",
        gauges_on="give trtllm-serve enable_iter_perf_stats: true in --extra_llm_api_options",
        cached_on="update TensorRT-LLM; give kv_cache_config: {enable_block_reuse: true}",
        hits=(b"trtllm_prompt_cached_tokens_total", b"trtllm_kv_cache_hit_rate"),
    ),
    "triton": Knowledge(
        owner="",
        version_path="/v2",
        version_key="version",
        metrics_on="start tritonserver without --allow-metrics=false; its page is on port 8002",
        gauges_on="the nv_trt_llm_ gauges come with the tensorrtllm backend, Triton 23.11 and later",
        cached_on="Triton does not report it",
    ),
}

UNKNOWN_ENGINE = Knowledge(
    owner="",
    version_path="/version",
    version_key="version",
    metrics_on="switch on its Prometheus page at /metrics, if it has one; else only what was sent counts",
    gauges_on="name the engine with --engine, if it is one of those that Nightshift reads",
    cached_on="see its documentation for usage.prompt_tokens_details.cached_tokens",
)
