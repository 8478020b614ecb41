"""Hugging Face's Text Generation Inference. Its page is on by default.

`tgi_queue_size`, `tgi_batch_current_size`: huggingface.co/docs/text-generation-inference "Metrics" and
`router/src/server.rs` (`describe_gauge!`). There is no gauge of KV use; `tgi_batch_current_max_tokens` is the
tokens that the batch may grow to, and its limit is not on the page.

Trap: the Rust exporter writes a metric only once it was set, so a TGI that has served nothing yet shows
neither gauge, and nothing is known of it until the first request.
"""

from nightshift.backends.adapters.base import Gauge, GaugeNames

TGI = GaugeNames(
    name="tgi",
    prefixes=(b"tgi_",),
    pending=Gauge((b"tgi_queue_size",)),
    running=Gauge((b"tgi_batch_current_size",)),
)
