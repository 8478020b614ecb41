"""The page that Prometheus reads: our own numbers, put into prometheus_client's families at the scrape.

The library does what it is good at (escaping, both text formats, the process's own figures), and none of its
locks is on the path of a request.

Costs O(targets x states) for each scrape: with 1,000 replicas 0.4 s, in which no stream would move. So a page
is made in slices, with the event loop's other work in between: the gauges are of one moment, each counter's
series too, but two counters may be some milliseconds apart.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from nightshift.proxy.seen import catalogue as of
from nightshift.proxy.seen.histogram import Histogram
from nightshift.proxy.seen.metrics import OTHER, Metrics
from nightshift.proxy.seen.reading import Reading, TargetReading
from nightshift.proxy.seen.tally import Tally

Labels = tuple[str, ...]

_SLICE = 50
"""Samples written at once: about a millisecond."""
_LAST_LINE = b"# EOF\n"

_STATUSES = frozenset((*HTTPStatus, 499, 529))
"""What has a name, and two that the field made up: the client left; overloaded."""


class Exposition:
    """Makes the page."""

    def __init__(self, metrics: Metrics, read: Callable[[], Reading]) -> None:
        """`read` is asked once for each page."""
        self.registry = CollectorRegistry()
        self.registry.register(_Collected(metrics, read))
        ProcessCollector(registry=self.registry)

    async def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type, in the format that the Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        parts = []
        for family in self.registry.collect():
            for number, piece in enumerate(_slices(family)):
                encoded = encode(piece).removesuffix(_LAST_LINE)
                parts.append(_without_head(encoded) if number else encoded)
                await asyncio.sleep(0)
        if content_type.startswith("application/openmetrics-text"):
            parts.append(_LAST_LINE)
        return b"".join(parts), content_type


@dataclass(frozen=True, slots=True)
class _Slice(Collector):
    """Some samples of a family, in the form that the library's encoders take."""

    family: Metric

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        yield self.family


def _slices(family: Metric) -> Iterator[_Slice]:
    samples = family.samples
    if len(samples) <= _SLICE:
        yield _Slice(family)
        return
    for start in range(0, len(samples), _SLICE):
        piece = copy(family)
        piece.samples = samples[start : start + _SLICE]
        yield _Slice(piece)


def _without_head(encoded: bytes) -> bytes:
    """Drop the comments, which the first slice of the family has: `# HELP` and `# TYPE`."""
    while encoded.startswith(b"# "):
        encoded = encoded.partition(b"\n")[2]
    return encoded


class _Collected(Collector):
    def __init__(self, metrics: Metrics, read: Callable[[], Reading]) -> None:
        self._metrics = metrics
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing: what is collected needs a running balancer."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        metrics, reading = self._metrics, self._read()
        yield from _requests(metrics, reading)
        yield from _placements(metrics, reading)
        yield from _targets(reading)
        yield from _process(metrics, reading)


def _requests(metrics: Metrics, reading: Reading) -> Iterator[Metric]:
    yield _counter(of.REQUESTS, _by_status(metrics.requests))
    yield _counter(of.REFUSALS, _single(metrics.refusals))
    yield _counter(of.BY_MODEL, _single(metrics.by_model))
    yield _counter(of.FROM_PEERS, _single(metrics.from_peers))
    yield _gauge(of.IN_PROGRESS, {(): reading.in_progress})
    yield _histogram(of.DURATION, _by_stream(metrics.duration_s))
    yield _histogram(of.FIRST_CONTENT, _by_stream(metrics.first_content_s))
    yield _histogram(of.BETWEEN_BLOCKS, {(): metrics.between_blocks_s})
    yield _counter(of.REQUEST_BYTES, {(): metrics.request_bytes})
    yield _counter(of.RESPONSE_BYTES, {(): metrics.response_bytes})
    yield _counter(of.PROMPT_BYTES, {(): metrics.prompt_bytes})


def _placements(metrics: Metrics, reading: Reading) -> Iterator[Metric]:
    yield _counter(of.PLACEMENTS, metrics.placements)
    yield _histogram(of.PREFIX_MATCH, {(): metrics.matched})
    yield _counter(of.RESIDENCY, _residency(metrics))
    yield _gauge(of.QUEUE_LENGTH, {(): reading.queue_length})
    yield _gauge(of.QUEUE_LIMIT, {(): reading.queue_limit})
    yield _histogram(of.QUEUE_WAIT, {(): metrics.queue_wait_s})
    yield _counter(of.RETRIES, {(): metrics.retries})
    yield _counter(of.RETRIES_REFUSED, {(): metrics.retries_refused})
    yield _gauge(of.RETRIES_LEFT, _known({(): reading.retries_left}))
    yield _counter(of.UPSTREAM_FAILURES, metrics.upstream_failures)
    yield _counter(of.DIED_MID_ANSWER, _single(metrics.died_mid_answer))
    family = SummaryMetricFamily(
        of.TARGET_FIRST_CONTENT.name, of.TARGET_FIRST_CONTENT.meaning, labels=of.TARGET_FIRST_CONTENT.labels
    )
    for target, count in metrics.target_answers.items():
        family.add_metric([target], int(count), metrics.target_first_content_s[target])
    yield family


def _targets(reading: Reading) -> Iterator[Metric]:
    targets = reading.targets

    def each(value: Callable[[TargetReading], float | None]) -> dict[Labels, float]:
        return _known({_labels(target): value(target) for target in targets})

    yield _gauge(of.OUTSTANDING, each(lambda target: target.outstanding))
    states = {
        (*_labels(target), state): float(state == target.state)
        for target in targets
        for state in reading.states
    }
    yield _gauge(of.STATE, states)
    yield _gauge(of.REPORT_AGE, each(lambda target: target.report_age_s))
    yield _gauge(of.RTT, each(lambda target: target.rtt_s))
    yield _gauge(of.PENDING, each(lambda target: target.pending))
    yield _gauge(of.RUNNING, each(lambda target: target.running))
    yield _gauge(of.KV_USE, each(lambda target: target.kv_use))
    yield _gauge(of.INDEX_BYTES, {(index.layer,): index.used_bytes for index in reading.indexes})
    yield _gauge(of.INDEX_BUDGET, {(index.layer,): index.budget_bytes for index in reading.indexes})


def _process(metrics: Metrics, reading: Reading) -> Iterator[Metric]:
    yield _gauge(of.BUILD, {tuple(reading.facts.get(label, "") for label in of.BUILD.labels): 1})
    yield _gauge(of.CONNECTIONS_OPEN, {(): reading.connections_open})
    yield _counter(of.CONNECTIONS, {(): metrics.connections})
    yield _counter(of.CONNECTIONS_REFUSED, _single(metrics.connections_refused))
    yield _counter(of.FALSE_CLAIMS, {(): reading.false_claims})
    yield _histogram(of.LOOP_LAG, {(): metrics.loop_lag_s})
    yield _gauge(of.DRAINING, {(): reading.draining})
    yield _counter(of.RELOADS, _single(metrics.reloads))
    yield _gauge(of.LAST_RELOAD_OK, _known({(): metrics.last_reload_ok}))
    yield _counter(of.LOG_LINES_DROPPED, {(): metrics.log_lines_dropped})
    yield _counter(of.WARNINGS_SUPPRESSED, {(): metrics.warnings_suppressed})


def _counter(definition: of.Metric, values: Mapping[Labels, float]) -> Metric:
    family = CounterMetricFamily(definition.name, definition.meaning, labels=definition.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _gauge(definition: of.Metric, values: Mapping[Labels, float]) -> Metric:
    family = GaugeMetricFamily(definition.name, definition.meaning, labels=definition.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _histogram(definition: of.Metric, values: Mapping[Labels, Histogram]) -> Metric:
    family = HistogramMetricFamily(definition.name, definition.meaning, labels=definition.labels)
    for labels, histogram in values.items():
        family.add_metric(labels, histogram.buckets(), histogram.total)
    return family


def _single(tally: Mapping[str, float]) -> dict[Labels, float]:
    return {(value,): count for value, count in tally.items()}


def _residency(metrics: Metrics) -> dict[Labels, float]:
    return {
        ("constrained",): metrics.constrained,
        ("refused",): metrics.refusals.get("residency", 0),
        ("violations",): metrics.residency_violations,
    }


def _by_stream(histograms: tuple[Histogram, Histogram]) -> dict[Labels, Histogram]:
    return {("false",): histograms[0], ("true",): histograms[1]}


def _by_status(requests: Mapping[tuple[str, int], float]) -> dict[Labels, float]:
    """Name the statuses: a replica may answer with any number, and a label may not take any value."""
    named: Tally[Labels] = Tally()
    for (ended, status), count in requests.items():
        name = str(status) if status in _STATUSES else OTHER if status else "none"
        named[ended, name] += count
    return named


def _known(values: Mapping[Labels, float | None]) -> dict[Labels, float]:
    return {labels: value for labels, value in values.items() if value is not None}


def _labels(target: TargetReading) -> Labels:
    return target.kind, target.id, target.region
