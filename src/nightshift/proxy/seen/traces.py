"""OpenTelemetry: a span for each request, from its arrival to its end, with what happened in between.

The span begins when the request arrives, because its id goes to the target as the parent of what happens
there; everything else is written into it at the end, from the `Outcome`. A request that is not sampled
(`sampling`) carries its trace on, and the SDK never hears of it. Spans leave by a thread of the SDK, in
batches; when the collector is slower than the traffic its bounded queue drops them.

Attributes follow OpenTelemetry's semantic conventions (HTTP server spans; gen_ai) and `nightshift.*`. No
prompt, no key, no header and no query string.
"""

import logging
import threading
from collections.abc import Callable
from random import Random
from time import monotonic

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from nightshift import __version__
from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.seen.outcome import CLIENT_GONE, EXPIRED, FAILED, Outcome
from nightshift.proxy.seen.quiet_log import OnceInAWhile
from nightshift.proxy.seen.sampling import Sampling
from nightshift.proxy.seen.settings import OtelSettings
from nightshift.proxy.seen.span import Span
from nightshift.proxy.seen.span_facts import attributes, events, failure, span_name
from nightshift.proxy.seen.trace_context import Parent, incoming, outgoing

_EXPORT_S = 5
"""Time for one batch to reach the collector."""
_CLOSE_S = 5.0
"""Time for the last ones when the balancer ends."""
_LEAVE_S = 1.0
"""Time for the SDK's threads to notice that it is over."""
_BATCH = 128
"""Spans encoded at once: that thread shares the interpreter with the event loop."""
_MAX_TEXT = 256
_CHATTY = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
"""Loggers that write lines for every batch that does not reach its collector."""


class RequestSpan(Span):
    """A span under way, and the date of its beginning."""

    __slots__ = ("began_ns", "otel")

    def __init__(self, otel: OtelSpan, began_ns: int) -> None:
        self.otel = otel
        self.began_ns = began_ns


class Traces:
    """See the head of the file, and `observer.Witness`."""

    def __init__(
        self,
        settings: OtelSettings,
        *,
        name: str,
        region: str,
        wall_clock_ns: Callable[[], int],
        rng: Random,
        exporter: SpanExporter | None = None,
    ) -> None:
        """`name` and `region` are the balancer's. Spans go to `exporter`, else to the endpoint by OTLP."""
        self._wall_clock_ns = wall_clock_ns
        self._region = region
        self._sampling = Sampling(settings.sample_ratio, trust_callers=settings.trust_callers, rng=rng)
        self._ids = _Ids(self._sampling)
        resource = Resource(
            {
                "service.name": "nightshift",
                "service.version": __version__,
                "service.instance.id": name,
                "cloud.region": region,
            }
        )
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is not sampled does not come this far
            id_generator=self._ids,
            resource=resource,
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attribute_length=_MAX_TEXT),
        )
        exporter = exporter or _otlp(settings)
        processor = BatchSpanProcessor(exporter, max_export_batch_size=_BATCH, schedule_delay_millis=1_000)
        self._provider.add_span_processor(processor)
        self._exporter = exporter
        self._tracer = self._provider.get_tracer("nightshift", __version__)

    def began(self, outcome: Outcome, headers: HeaderLines) -> HeaderLines:
        """Begin a span; the target is told of it."""
        parent = incoming(headers)
        trace_id, sampled = self._sampling.choose(parent)
        outcome.trace_id = format_trace_id(trace_id)
        if sampled:
            span_id = self._start(outcome, parent, trace_id)
        elif parent is not None and not parent.sampled:
            return headers  # nothing to add: who records further on has its parent in who called us
        else:
            span_id = self._sampling.span_id()
        traceparent = f"00-{outcome.trace_id}-{format_span_id(span_id)}-{sampled:02x}"
        return outgoing(headers, traceparent.encode(), parent.state if parent else "")

    def _start(self, outcome: Outcome, parent: Parent | None, trace_id: int) -> int:
        """Start a span in this trace and return its id."""
        self._ids.trace_id = trace_id
        now_ns = self._wall_clock_ns()
        span = self._tracer.start_span(
            span_name(outcome), _context(parent), kind=SpanKind.SERVER, start_time=now_ns
        )
        outcome.span = RequestSpan(span, now_ns)
        return span.get_span_context().span_id

    def ended(self, outcome: Outcome) -> None:
        """Fill the span and end it."""
        running = outcome.span
        if not isinstance(running, RequestSpan):
            return  # not sampled, or refused before it became a request
        outcome.span = None
        span, began_ns = running.otel, running.began_ns
        span.set_attributes(attributes(outcome, self._region))
        for at_s, name, facts in events(outcome):
            span.add_event(name, facts, began_ns + _ns(at_s))
        if (problem := failure(outcome)) is not None:
            span.set_attribute("error.type", problem)
            if outcome.status >= 500 or outcome.ended in (FAILED, EXPIRED, CLIENT_GONE):
                span.set_status(Status(StatusCode.ERROR))
        span.end(began_ns + _ns(outcome.duration_s))

    def tick(self) -> None:
        """See `observer.Witness`; the SDK's thread has a clock of its own."""

    def reopen(self) -> None:
        """See `observer.Witness`; there is no file."""

    def close(self) -> None:
        """See `observer.Witness`: send what is left.

        In a thread, because the SDK's own time limits leave out the retries of an exporter.
        """
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            self._exporter.shutdown()  # ends its retries
            closing.join(_LEAVE_S)


class _Ids(IdGenerator):
    """Gives the SDK the ids that `Sampling` chose."""

    def __init__(self, sampling: Sampling) -> None:
        self.trace_id = 0
        self._sampling = sampling

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self._sampling.span_id()


def _otlp(settings: OtelSettings) -> SpanExporter:
    for name in _CHATTY:
        logging.getLogger(name).addFilter(OnceInAWhile(monotonic))
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    return OTLPSpanExporter(endpoint=settings.endpoint, headers=headers, timeout=_EXPORT_S)


def _context(parent: Parent | None) -> Context:
    """Return what a span begins under; always given, so that no ambient context is looked up."""
    if parent is None:
        return Context()
    context = SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT),
        trace_state=TraceState.from_header([parent.state]) if parent.state else None,
    )
    return set_span_in_context(NonRecordingSpan(context), Context())


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
