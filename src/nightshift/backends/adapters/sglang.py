"""SGLang, started with `--enable-metrics`. Newer builds write `sglang_` where older wrote `sglang:`."""

from nightshift.backends.adapters.base import GaugeNames

SGLANG = GaugeNames(
    name="sglang",
    pending=(b"sglang:num_queue_reqs", b"sglang_num_queue_reqs"),
    running=(b"sglang:num_running_reqs", b"sglang_num_running_reqs"),
    kv_use=(b"sglang:token_usage", b"sglang_token_usage"),
)
