"""How much of their prompts engines have found in their prefix caches, as they count it themselves.

Counters since the engine's start, in tokens. Their sums are divided, never their ratios averaged: prefix hit
rate = sum of cached prompt tokens / sum of prompt tokens.

vLLM: `vllm:prefix_cache_hits_total` of `vllm:prefix_cache_queries_total` (docs.vllm.ai, "Production Metrics";
`vllm:gpu_prefix_cache_*` before 0.9). SGLang: `sglang:cached_tokens_total`, a line for each source of the
cache, of `sglang:prompt_tokens_total` (docs.sglang.io, "Production Metrics"); ranks that report the same
requests count in both sums alike. TGI, llama.cpp and TensorRT-LLM count nothing of the kind on their pages:
not known.
"""

from typing import NamedTuple

from nightshift.backends.adapters.samples import find, samples

_NAMES = (
    (b"vllm:prefix_cache_hits_total", b"vllm:prefix_cache_queries_total"),
    (b"vllm:gpu_prefix_cache_hits_total", b"vllm:gpu_prefix_cache_queries_total"),
    (b"sglang:cached_tokens_total", b"sglang:prompt_tokens_total"),
    (b"sglang_cached_tokens_total", b"sglang_prompt_tokens_total"),
)


class PrefixHits(NamedTuple):
    """Tokens since the engine's start."""

    cached: float
    prompt: float


def prefix_hits(page: bytes) -> PrefixHits | None:
    """Return what a metrics page says of the prefix cache; None if it says nothing."""
    for cached, prompt in _NAMES:
        hits, queries = _sum(page, cached), _sum(page, prompt)
        if queries is not None:  # without a hit SGLang has no line of hits
            return PrefixHits(hits or 0.0, queries)
    return None


def _sum(page: bytes, name: bytes) -> float | None:
    at = find(page, name)
    if at < 0:
        return None
    return sum(sample.value or 0.0 for sample in samples(page, name, at))
