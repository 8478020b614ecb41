"""What an `Outcome` says in a span: name, attributes, events, error. Names by OpenTelemetry's conventions.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/ and .../gen-ai/gen-ai-spans/. Values that a
client chose freely (another path than those of the API, another method) do not become part of a span's name.
"""

from collections.abc import Iterator, Mapping

from nightshift.proxy.seen.outcome import COMPLETED, Outcome

Value = str | int | float | bool
Facts = dict[str, Value]

_OPERATIONS: Mapping[str, str | None] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
    "/v1/responses": "chat",
    "/v1/responses/{response_id}": None,
    "/v1/responses/{response_id}/cancel": None,
    "/v1/responses/{response_id}/input_items": None,
    "/v1/messages": "chat",
    "/v1/rerank": "rerank",
    "/v1/score": "score",
    "/v1/models": None,
    "/v1/audio/transcriptions": None,
    "/v1/audio/translations": None,
    "/tokenize": None,
    "/detokenize": None,
    "/rerank": "rerank",
    "/score": "score",
}
"""The paths that are routes, and gen_ai.operation.name where it is one."""

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"))


def span_name(outcome: Outcome) -> str:
    """Return `METHOD route`, or the method alone."""
    method = outcome.method if outcome.method in _METHODS else "HTTP"
    return f"{method} {outcome.path}" if outcome.path in _OPERATIONS else method


def attributes(outcome: Outcome, region: str) -> Facts:
    """Return all that is known; what is not is left out."""
    known_method = outcome.method in _METHODS
    facts: dict[str, Value | None] = {
        "http.request.method": outcome.method if known_method else "_OTHER",
        "http.route": outcome.path if outcome.path in _OPERATIONS else None,
        "http.response.status_code": outcome.status or None,
        "http.request.body.size": outcome.request_bytes,
        "http.response.body.size": outcome.response_bytes,
        "http.request.resend_count": outcome.retries or None,
        "url.path": outcome.path,
        "url.scheme": "http",
        "client.address": outcome.client or None,
        "gen_ai.operation.name": _OPERATIONS.get(outcome.path),
        "gen_ai.request.model": outcome.model or None,
        "gen_ai.request.stream": outcome.stream,
        "gen_ai.response.time_to_first_chunk": outcome.first_content_s,
        "nightshift.request.id": outcome.id,
        "nightshift.region": region,
        "nightshift.outcome": outcome.ended,
        "nightshift.code": outcome.code or None,
        "nightshift.tenant": outcome.tenant or None,
        "nightshift.target": outcome.target or None,
        "nightshift.target.region": outcome.target_region or None,
        "nightshift.reason": outcome.reason or None,
        "nightshift.matched": outcome.matched,
        "nightshift.queued_s": outcome.queued_s,
        "nightshift.hops": outcome.hops,
        "nightshift.from_peer": outcome.from_peer or None,
        "nightshift.prompt.size": outcome.prompt_bytes,
    }
    return {name: value for name, value in facts.items() if value is not None}


def events(outcome: Outcome) -> Iterator[tuple[float, str, Facts]]:
    """Yield what happened, with the seconds since the arrival."""
    yield 0.0, "nightshift.queued", {}
    if outcome.sent_s is not None:
        yield (
            outcome.sent_s,
            "nightshift.sent",
            {"nightshift.target": outcome.target, "nightshift.reason": outcome.reason},
        )
    if outcome.first_content_s is not None:
        yield outcome.first_content_s, "nightshift.first_content", {}
    yield outcome.duration_s, "nightshift.ended", {"nightshift.outcome": outcome.ended}


def failure(outcome: Outcome) -> str | None:
    """Return `error.type`: the balancer's code, the status, or how it ended; None if all went well."""
    if outcome.code:
        return outcome.code
    if outcome.status >= 400:
        return str(outcome.status)
    return None if outcome.ended == COMPLETED else outcome.ended
