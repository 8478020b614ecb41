"""Every metric: its name, type, labels and meaning. The page and docs/reference/metrics.md come from here.

Names follow Prometheus' conventions: one prefix, base units, `_total` for counters. Labels have few values;
no label holds an id of a request, a tenant or anything that a client wrote.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of one metric."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str


_TARGET = ("kind", "target", "region")

BUILD = Metric(
    "nightshift_build_info", "gauge", ("version", "region", "balancer"), "Always 1: which balancer this is."
)

REQUESTS = Metric(
    "nightshift_requests_total",
    "counter",
    ("outcome", "status"),
    "Requests that are over, by how they ended (completed, refused, declined, failed, expired, client_gone) "
    "and the HTTP status that the client got (none: it left before; other: a status that no standard names).",
)
REFUSALS = Metric(
    "nightshift_refusals_total", "counter", ("code",), "Requests answered with an error of this balancer."
)
BY_MODEL = Metric(
    "nightshift_model_requests_total",
    "counter",
    ("model",),
    "Requests that are over, by model; other: a name that no replica serves.",
)
FROM_PEERS = Metric(
    "nightshift_peer_requests_total",
    "counter",
    ("peer",),
    "Requests that a peer handed over and that are over.",
)
IN_PROGRESS = Metric("nightshift_requests_in_progress", "gauge", (), "Requests that are not answered yet.")
DURATION = Metric(
    "nightshift_request_duration_seconds",
    "histogram",
    ("stream",),
    "From a request's arrival to its end, however it ended.",
)
FIRST_CONTENT = Metric(
    "nightshift_time_to_first_content_seconds",
    "histogram",
    ("stream",),
    "From a request's arrival to the first content of its answer: the TTFT as seen here, if streamed.",
)
BETWEEN_BLOCKS = Metric(
    "nightshift_inter_block_seconds",
    "histogram",
    (),
    "Between two blocks of a streamed answer: about the inter-token latency if an engine sends each token.",
)
REQUEST_BYTES = Metric(
    "nightshift_request_body_bytes_total",
    "counter",
    (),
    "Bytes of request bodies, of requests that are over.",
)
RESPONSE_BYTES = Metric(
    "nightshift_response_body_bytes_total", "counter", (), "Bytes of answers sent, of requests that are over."
)
PROMPT_BYTES = Metric(
    "nightshift_prompt_bytes_total",
    "counter",
    (),
    "Bytes of prompts as the engine sees them, of such requests.",
)

PLACEMENTS = Metric(
    "nightshift_placements_total",
    "counter",
    (*_TARGET, "reason"),
    "Times that a request was sent to a replica, or handed over to a peer, by the rule that chose it. "
    'Given to a peer that asked for work: reason="stolen".',
)
PREFIX_MATCH = Metric(
    "nightshift_prefix_match_ratio",
    "histogram",
    (),
    "Share of the prompt that the chosen target was believed to hold: the predicted prefix hit rate.",
)
RESIDENCY = Metric(
    "nightshift_residency_total",
    "counter",
    ("outcome",),
    "Requests that only some regions may serve: constrained (times that one was sent to a target), refused "
    "(403: nobody in those regions serves it), violations (answers that began from outside them: always 0).",
)
QUEUE_LENGTH = Metric("nightshift_queue_length", "gauge", (), "Requests that wait in this balancer's queue.")
QUEUE_LIMIT = Metric("nightshift_queue_limit", "gauge", (), "Requests that may wait there.")
QUEUE_WAIT = Metric(
    "nightshift_queue_wait_seconds",
    "histogram",
    (),
    "Time in this balancer's queue, of requests that are over.",
)

RETRIES = Metric(
    "nightshift_retries_total", "counter", (), "Times that a request was sent again, to another target."
)
RETRIES_REFUSED = Metric(
    "nightshift_retry_budget_refusals_total", "counter", (), "Retries not made because the budget was spent."
)
RETRIES_LEFT = Metric("nightshift_retry_budget_remaining", "gauge", (), "Retries that the budget allows now.")
UPSTREAM_FAILURES = Metric(
    "nightshift_upstream_failures_total",
    "counter",
    ("target", "kind"),
    "Times that a target failed before the client had seen anything: connect (not reached), lost (went away "
    "or spoke no HTTP), refused (answered 5xx), timeout (no content in time), declined (a peer had no room).",
)
DIED_MID_ANSWER = Metric(
    "nightshift_upstream_died_mid_answer_total",
    "counter",
    ("target",),
    "Answers cut off by their target after the client had seen a part: what no retry can hide.",
)
TARGET_FIRST_CONTENT = Metric(
    "nightshift_target_first_content_seconds",
    "summary",
    ("target",),
    "From sending a request to a target to the first content of its answer; no quantiles.",
)

OUTSTANDING = Metric(
    "nightshift_target_outstanding_requests", "gauge", _TARGET, "Requests sent to a target and not over."
)
STATE = Metric(
    "nightshift_target_state", "gauge", (*_TARGET, "state"), "1 for the state a target is in, else 0."
)
REPORT_AGE = Metric(
    "nightshift_target_report_age_seconds", "gauge", _TARGET, "Age of what is known of a target's load."
)
RTT = Metric(
    "nightshift_target_rtt_seconds", "gauge", _TARGET, "Time that the last report took, asked and answered."
)
PENDING = Metric(
    "nightshift_target_pending_requests",
    "gauge",
    _TARGET,
    "Requests that wait there, as it reports: in a replica's engine, in a peer's queue. Missing: not known.",
)
RUNNING = Metric(
    "nightshift_target_running_requests",
    "gauge",
    _TARGET,
    "Requests in the batch, as it reports. Missing: not known.",
)
KV_USE = Metric(
    "nightshift_target_kv_cache_usage_ratio",
    "gauge",
    _TARGET,
    "KV cache in use, as it reports. Missing: not known.",
)

INDEX_BYTES = Metric("nightshift_prefix_index_bytes", "gauge", ("layer",), "Memory of a prefix index.")
INDEX_BUDGET = Metric("nightshift_prefix_index_budget_bytes", "gauge", ("layer",), "Memory that it may take.")

CONNECTIONS_OPEN = Metric(
    "nightshift_connections_open", "gauge", (), "Open connections of clients and peers."
)
CONNECTIONS = Metric("nightshift_connections_total", "counter", (), "Connections accepted.")
CONNECTIONS_REFUSED = Metric(
    "nightshift_connections_refused_total",
    "counter",
    ("code",),
    "Connections refused, by the limit that did it.",
)
FALSE_CLAIMS = Metric(
    "nightshift_false_peer_claims_total",
    "counter",
    (),
    "Requests that called themselves a peer's without the service's secret: a wrong token, or an attack.",
)
LOOP_LAG = Metric(
    "nightshift_event_loop_lag_seconds",
    "histogram",
    (),
    "How late the event loop calls back, asked four times a second: long bars mean that everything waits.",
)
DRAINING = Metric("nightshift_draining", "gauge", (), "1 while this balancer takes no new requests.")
RELOADS = Metric(
    "nightshift_config_reloads_total",
    "counter",
    ("result",),
    "Times the configuration was read again: ok, refused.",
)
LAST_RELOAD_OK = Metric(
    "nightshift_config_last_reload_successful",
    "gauge",
    (),
    "1 if the last reload was taken, 0 if it was refused and the old configuration stays. Missing: none yet.",
)
LOG_LINES_DROPPED = Metric(
    "nightshift_access_log_dropped_total", "counter", (), "Lines that the access log's file was too slow for."
)
WARNINGS_SUPPRESSED = Metric(
    "nightshift_log_suppressed_total",
    "counter",
    (),
    "Warnings not written because their cause was named just before.",
)

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
