"""TensorRT-LLM, in its three servers.

**trtllm-serve, Prometheus page** (`/prometheus/metrics`): `trtllm_num_requests_waiting`,
`trtllm_num_requests_running`, `trtllm_kv_cache_utilization`: `tensorrt_llm/metrics/collector.py`. The route
exists with `return_perf_metrics: true`, these gauges are written with `enable_iter_perf_stats: true`, both
in the YAML file of `--extra_llm_api_options`. Dynamo's older pages have the prefix `trtllm:`. Releases
before the prefix (1.0, 1.1) have only histograms of requests, hence nothing for us.

**trtllm-serve, JSON page** (`/metrics`): a list of what happened in each iteration since the page was last
read (`get_iteration_stats` in `tensorrt_llm/serve/openai_server.py`), newest last: `numQueuedRequests`,
`numActiveRequests`, `kvCacheStats.usedNumBlocks` of `maxNumBlocks`. Traps: reading **takes** the entries, so
a second reader sees half of them; an engine that does nothing has none, nor has one without
`enable_iter_perf_stats`, and waits up to 2 s to say `[]`, which says nothing. So the other page is the one to
ask. This one is understood because `auto` meets it at `/metrics`.

**Triton with the TensorRT-LLM backend** (port 8002, `/metrics`): `nv_trt_llm_request_metrics` with
`request_type` `waiting` and `scheduled`, `nv_trt_llm_kv_cache_block_metrics` with `kv_cache_block_type`
`fraction`: README of triton-inference-server/tensorrtllm_backend, "Triton Metrics"; the model-server table of
the Gateway API inference extension. A replica has one address, so this adapter is for the setting where
the balancer reaches both through one, or for Triton's OpenAI front end with its metrics route.
"""

from typing import Any

import orjson

from nightshift.backends.adapters.base import METRICS_PATH, UNKNOWN, Gauge, GaugeNames, MetricsError
from nightshift.balancing.messages import ReplicaReport

PROMETHEUS_PATH = "/prometheus/metrics"

_PAGE = GaugeNames(
    name="tensorrt-llm",
    prefixes=(b"trtllm_", b"trtllm:"),
    pending=Gauge((b"trtllm_num_requests_waiting", b"trtllm:num_requests_waiting")),
    running=Gauge((b"trtllm_num_requests_running", b"trtllm:num_requests_running")),
    kv_use=Gauge((b"trtllm_kv_cache_utilization", b"trtllm:kv_cache_utilization")),
)

TRITON = GaugeNames(
    name="triton",
    prefixes=(b"nv_trt_llm_",),
    pending=Gauge((b"nv_trt_llm_request_metrics",), label=b'request_type="waiting"'),
    running=Gauge((b"nv_trt_llm_request_metrics",), label=b'request_type="scheduled"'),
    kv_use=Gauge((b"nv_trt_llm_kv_cache_block_metrics",), label=b'kv_cache_block_type="fraction"'),
)


class TensorRtLlm:
    """Reads either page of trtllm-serve."""

    name = _PAGE.name
    metrics_path = PROMETHEUS_PATH
    pending, running, kv_use = _PAGE.pending, _PAGE.running, _PAGE.kv_use

    def recognises(self, page: bytes) -> bool:
        """See `Adapter.recognises`. An empty list may be of anyone."""
        return _is_list(page) or _PAGE.recognises(page)

    def read(self, page: bytes) -> ReplicaReport:
        """See `Adapter.read`."""
        return _of_iterations(page) if _is_list(page) else _PAGE.read(page)


TENSORRT_LLM = TensorRtLlm()
JSON_PATH = METRICS_PATH


def _is_list(page: bytes) -> bool:
    return page[:64].lstrip()[:1] == b"["


def _of_iterations(page: bytes) -> ReplicaReport:
    try:
        iterations = orjson.loads(page)
    except orjson.JSONDecodeError as error:
        raise MetricsError(f"the list of iterations is no JSON: {error}") from None
    last = _object(iterations[-1]) if iterations else {}
    if not last:
        return UNKNOWN
    kv = _object(last.get("kvCacheStats"))
    used, blocks = _count(kv.get("usedNumBlocks")), _count(kv.get("maxNumBlocks"))
    return ReplicaReport(
        pending=_count(last.get("numQueuedRequests")),
        running=_count(last.get("numActiveRequests")),
        kv_use=used / blocks if used is not None and blocks and used <= blocks else None,
    )


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:  # noqa: ANN401 - of JSON
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None
