"""SGLang, started with `--enable-metrics`; without it `/metrics` is 404.

`sglang:num_queue_reqs`, `sglang:num_running_reqs`, `sglang:token_usage` (0 to 1): docs.sglang.io "Production
Metrics" and `python/sglang/srt/metrics/collector.py`. Newer builds and their tools also write `sglang_`.

Traps: labels are `model_name`, `engine_type`, `tp_rank`, `pp_rank`, `moe_ep_rank`, and `dp_rank` with data
parallelism. Ranks of tensor and pipeline parallelism hold the same requests: with
`--enable-metrics-for-all-schedulers` each of them reports them again. So lines are counted once for each
`dp_rank`, the largest of them. With `--enable-priority-scheduling` there is a line for each `priority`,
beside the total where the version writes one: the same rule takes the total, or else the longest queue.
`sglang:num_queue_reqs` leaves out requests whose grammar is being compiled (`num_grammar_queue_reqs`):
they wait for the CPU, not for a place in the batch.
"""

from nightshift.backends.adapters.base import Gauge, GaugeNames

SGLANG = GaugeNames(
    name="sglang",
    prefixes=(b"sglang:", b"sglang_"),
    pending=Gauge((b"sglang:num_queue_reqs", b"sglang_num_queue_reqs"), rank=b"dp_rank"),
    running=Gauge((b"sglang:num_running_reqs", b"sglang_num_running_reqs"), rank=b"dp_rank"),
    kv_use=Gauge((b"sglang:token_usage", b"sglang_token_usage"), rank=b"dp_rank"),
)
