"""llama.cpp's server, started with `--metrics`; without it `/metrics` is 501 and says so.

`llamacpp:requests_deferred`, `llamacpp:requests_processing`: `tools/server/README.md`, "GET /metrics", and
the page of the running server, which the tests keep. `llamacpp:kv_cache_usage_ratio` was dropped in 2025.

`/slots` is not a second source. It is on by default in newer builds and shows which slots are busy, but not
how many requests are deferred, which is what tells full from not full; what runs, the balancer's ledger knows
already unless others send to the engine too; and with prompts shown (`LLAMA_SERVER_SLOTS_DEBUG`) its page
holds what clients wrote. `--metrics` costs the operator one word.

Trap: in router mode (no model on the command line) `/metrics` wants `?model=`, and is an error without.
"""

from nightshift.backends.adapters.base import Gauge, GaugeNames

LLAMA_CPP = GaugeNames(
    name="llama.cpp",
    prefixes=(b"llamacpp:",),
    pending=Gauge((b"llamacpp:requests_deferred",)),
    running=Gauge((b"llamacpp:requests_processing",)),
    kv_use=Gauge((b"llamacpp:kv_cache_usage_ratio",)),
)
