"""llama.cpp's server, started with `--metrics`. Only older versions have a gauge for the KV cache."""

from nightshift.backends.adapters.base import GaugeNames

LLAMA_CPP = GaugeNames(
    name="llama.cpp",
    pending=(b"llamacpp:requests_deferred",),
    running=(b"llamacpp:requests_processing",),
    kv_use=(b"llamacpp:kv_cache_usage_ratio",),
)
