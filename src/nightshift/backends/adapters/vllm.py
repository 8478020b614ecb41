"""vLLM. `kv_cache_usage_perc` was `gpu_cache_usage_perc` before 0.9; both run from 0 to 1."""

from nightshift.backends.adapters.base import GaugeNames

VLLM = GaugeNames(
    name="vllm",
    pending=(b"vllm:num_requests_waiting",),
    running=(b"vllm:num_requests_running",),
    kv_use=(b"vllm:kv_cache_usage_perc", b"vllm:gpu_cache_usage_perc"),
)
