"""A span for each sampled request, with the target as its child, and what happened in between."""

import asyncio
import logging
import threading
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import ValidationError

from nightshift.processes import address_of, bind
from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.seen import traces
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.outcome import CLIENT_GONE, FAILED, REFUSED, Outcome
from nightshift.proxy.seen.quiet_log import OnceInAWhile
from nightshift.proxy.seen.settings import OtelSettings
from nightshift.proxy.seen.traces import Traces
from nightshift.proxy.seen.witnesses import make_observer

if TYPE_CHECKING:
    from tests.proxy.seen.conftest import MakeOutcome

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BEGAN_NS = 1_700_000_000_000_000_000
ENDPOINT = "http://127.0.0.1:1"


def caller(flags: str) -> HeaderLines:
    return [
        (b"accept", b"*/*"),
        (b"traceparent", f"00-{TRACE}-{SPAN}-{flags}".encode()),
        (b"tracestate", b"a=1"),
    ]


class Recorded:
    def __init__(self, **settings: object) -> None:
        self.exporter = InMemorySpanExporter()
        chosen = {"endpoint": ENDPOINT, "sample_ratio": 1, **settings}
        self.traces = Traces(
            OtelSettings.model_validate(chosen),
            name="b",
            region="eu",
            wall_clock_ns=lambda: BEGAN_NS,
            rng=Random(1),
            exporter=self.exporter,
        )

    def of(self, outcome: Outcome, headers: HeaderLines) -> tuple[HeaderLines, ReadableSpan | None]:
        passed_on = self.traces.began(outcome, headers)
        self.traces.ended(outcome)
        self.traces.close()
        spans = self.exporter.get_finished_spans()
        assert len(spans) <= 1
        return passed_on, spans[0] if spans else None


def test_a_span_says_what_became_of_the_request(outcome: "MakeOutcome") -> None:
    one = outcome(
        stream=True,
        model="llama",
        target="r-1",
        target_region="us",
        reason="prefix",
        matched=0.9,
        sent_s=0.001,
        first_content_s=0.25,
        duration_s=2.0,
        hops=1,
    )
    passed_on, span = Recorded().of(one, caller("01"))
    assert span is not None
    assert span.context is not None
    assert span.parent is not None
    assert span.name == "POST /v1/chat/completions"
    assert span.kind is SpanKind.SERVER
    assert (f"{span.parent.span_id:016x}", span.parent.is_remote) == (SPAN, True)
    assert one.trace_id == TRACE
    ours = f"00-{TRACE}-{span.context.span_id:016x}-01".encode()
    assert passed_on == [(b"accept", b"*/*"), (b"traceparent", ours), (b"tracestate", b"a=1")]
    assert span.start_time == BEGAN_NS
    assert span.end_time == BEGAN_NS + 2_000_000_000
    assert [(event.name, event.timestamp - BEGAN_NS) for event in span.events] == [
        ("nightshift.queued", 0),
        ("nightshift.sent", 1_000_000),
        ("nightshift.first_content", 250_000_000),
        ("nightshift.ended", 2_000_000_000),
    ]
    assert span.attributes is not None
    expected = {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "llama",
        "gen_ai.response.time_to_first_chunk": 0.25,
        "nightshift.region": "eu",
        "nightshift.target": "r-1",
        "nightshift.target.region": "us",
        "nightshift.reason": "prefix",
        "nightshift.matched": 0.9,
        "nightshift.hops": 1,
    }
    assert expected.items() <= dict(span.attributes).items()
    assert span.resource.attributes["service.name"] == "nightshift"
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("facts", "error", "is_error"),
    [
        ({"ended": REFUSED, "status": 429, "code": "queue_full"}, "queue_full", False),
        ({"ended": REFUSED, "status": 502, "code": "upstream_lost"}, "upstream_lost", True),
        ({"ended": FAILED, "status": 200}, "failed", True),
        ({"ended": CLIENT_GONE, "status": 0}, "client_gone", True),
        ({"status": 404}, "404", False),
        ({"status": 500}, "500", True),
    ],
)
def test_what_went_wrong_is_said(
    outcome: "MakeOutcome", facts: dict[str, object], error: str, is_error: bool
) -> None:
    _, span = Recorded().of(outcome(**facts), [])
    assert span is not None
    assert span.attributes is not None
    assert span.attributes["error.type"] == error
    assert (span.status.status_code is StatusCode.ERROR) == is_error


def test_a_malformed_traceparent_begins_a_new_trace(outcome: "MakeOutcome") -> None:
    passed_on, span = Recorded().of(outcome(), [(b"traceparent", b"00-x"), (b"tracestate", b"a=1")])
    assert span is not None
    assert span.parent is None
    assert [name for name, _ in passed_on] == [b"traceparent"]
    assert passed_on[0][1] != b"00-x"


def test_a_path_or_a_method_made_up_is_in_no_name(outcome: "MakeOutcome") -> None:
    _, span = Recorded().of(outcome(path="/v1/" + "x" * 1_000, method="BREW"), [])
    assert span is not None
    assert span.attributes is not None
    assert span.name == "HTTP"
    assert span.attributes["http.request.method"] == "_OTHER"
    assert len(str(span.attributes["url.path"])) == 256


def test_what_is_not_sampled_carries_its_trace_on(outcome: "MakeOutcome") -> None:
    headers = caller("00")
    passed_on, span = Recorded().of(outcome(), headers)
    assert (passed_on is headers, span) == (True, None)
    passed_on, span = Recorded(sample_ratio=0).of(outcome(), caller("01"))
    assert span is None
    assert passed_on[1][1].startswith(f"00-{TRACE}-".encode())
    assert passed_on[1][1].endswith(b"-00")
    assert SPAN.encode() not in passed_on[1][1]
    passed_on, span = Recorded(sample_ratio=0).of(outcome(), [])
    assert span is None
    assert passed_on[0][1].endswith(b"-00")


def test_an_end_without_a_beginning_is_nothing(outcome: "MakeOutcome") -> None:
    recorded = Recorded()
    recorded.traces.ended(outcome())
    recorded.traces.close()
    assert recorded.exporter.get_finished_spans() == ()


def test_spans_reach_a_collector_by_otlp(outcome: "MakeOutcome") -> None:
    """From the settings to the wire, headers included, before the balancer ends."""

    async def scene() -> tuple[ExportTraceServiceRequest, str]:
        got: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

        async def collect(request: web.Request) -> web.Response:
            got.put_nowait((await request.read(), request.headers["api-key"]))
            return web.Response(content_type="application/x-protobuf")

        app = web.Application()
        app.router.add_post("/v1/traces", collect)
        runner, sock = web.AppRunner(app), bind("127.0.0.1", 0)
        await runner.setup()
        await web.SockSite(runner, sock).start()
        otel = OtelSettings.model_validate(
            {
                "endpoint": f"http://{address_of(sock)}",
                "sample_ratio": 1,
                "headers": {"api-key": "of-the-collector"},
            }
        )
        assert "of-the-collector" not in repr(otel) + str(otel.model_dump(mode="json"))
        observer = make_observer(Metrics(), name="b", region="eu", otel=otel)
        one = outcome(duration_s=0.5)
        observer.began(one, [])
        observer.ended(one)
        observer.tick()
        observer.reopen()
        await asyncio.to_thread(observer.close)
        body, key = got.get_nowait()
        await runner.cleanup()
        return ExportTraceServiceRequest.FromString(body), key

    request, key = asyncio.run(scene())
    (resource,) = request.resource_spans
    (span,) = resource.scope_spans[0].spans
    assert (key, span.name) == ("of-the-collector", "POST /v1/chat/completions")
    assert span.end_time_unix_nano - span.start_time_unix_nano == 500_000_000


def test_a_collector_that_is_away_holds_nobody_up(
    outcome: "MakeOutcome", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(traces, "_CLOSE_S", 0.05)
    otel = OtelSettings(endpoint=ENDPOINT, sample_ratio=1)
    observer = make_observer(Metrics(), name="b", region="eu", otel=otel)
    for _ in range(300):  # more than one batch
        one = outcome()
        observer.began(one, [])
        observer.ended(one)
    observer.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "traces-close"]
    places = [(record.pathname, record.lineno) for record in caplog.records]
    assert len(places) == len(set(places))  # and not one for each batch


def test_a_chatty_logger_gets_a_line_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = logging.getLogger("chatty")
    log.addFilter(OnceInAWhile(lambda: now, interval_s=10))
    for now in (0.0, 5.0, 11.0):
        log.warning("at %s", now)
    assert [r.getMessage() for r in caplog.records if r.name == "chatty"] == ["at 0.0", "at 11.0"]


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://", "grpc://x", "http://user:secret@x"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError):
        OtelSettings(endpoint=endpoint)
