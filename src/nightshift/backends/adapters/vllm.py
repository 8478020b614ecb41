"""vLLM. Its page is on by default.

`vllm:num_requests_waiting`, `vllm:num_requests_running`: docs.vllm.ai "Production Metrics" and
`vllm/v1/metrics/loggers.py`; one line for each data-parallel engine, label `engine`.
`vllm:kv_cache_usage_perc`, from 0 to 1 whatever the name says, was `vllm:gpu_cache_usage_perc` before 0.9
(same file: both are written for a while, with the same value).

Traps: `vllm:num_requests_waiting_by_reason` (newer; `capacity` and `deferred`) begins with the name of the
gauge and is its breakdown, so adding it would count twice. `vllm:num_requests_swapped` of V0 is not read:
V1 has no swapping, and puts preempted requests back among the waiting.
"""

from nightshift.backends.adapters.base import Gauge, GaugeNames

VLLM = GaugeNames(
    name="vllm",
    prefixes=(b"vllm:",),
    pending=Gauge((b"vllm:num_requests_waiting",)),
    running=Gauge((b"vllm:num_requests_running",)),
    kv_use=Gauge((b"vllm:kv_cache_usage_perc", b"vllm:gpu_cache_usage_perc")),
)
