"""What is counted is what is shown, under the names of the reference page, in few series."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from nightshift.proxy.seen import catalogue
from nightshift.proxy.seen.exposition import Exposition
from nightshift.proxy.seen.histogram import Histogram
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.metrics_page import table
from nightshift.proxy.seen.outcome import CLIENT_GONE, FAILED, REFUSED
from nightshift.proxy.seen.reading import IndexReading, Reading, TargetReading

if TYPE_CHECKING:
    from tests.proxy.seen.conftest import MakeOutcome

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"

REPLICA = TargetReading("replica", "r-1", "eu", "ready", 3, 0.05, 0.002, pending=0, running=2, kv_use=0.5)
UNKNOWN = TargetReading("peer", "p", "us", "failed")
READING = Reading(
    states=("ready", "failed"),
    targets=(REPLICA, UNKNOWN),
    indexes=(IndexReading("replicas", 1_000, 2_000),),
    in_progress=4,
    queue_length=1,
    queue_limit=10,
    connections_open=5,
    retries_left=99.5,
    false_claims=7,
    facts={"version": "1", "region": "eu", "balancer": "b"},
)


@pytest.fixture
def busy(outcome: "MakeOutcome") -> Metrics:
    """Return metrics in which everything was counted once at least."""
    metrics = Metrics()
    metrics.targets_are(replicas=["r-1"], peers=["p"])
    metrics.models_are(["llama"])
    metrics.ended(
        outcome(
            model="llama",
            stream=True,
            target="r-1",
            sent_s=0.1,
            first_content_s=0.4,
            duration_s=2.0,
            retries=1,
            request_bytes=10,
            response_bytes=20,
            prompt_bytes=5,
            from_peer="p",
        )
    )
    metrics.ended(outcome(ended=REFUSED, status=429, code="queue_full", model="made-up", queued_s=3.0))
    metrics.ended(outcome(ended=FAILED, target="r-1", from_peer="stranger"))
    metrics.ended(outcome(ended=CLIENT_GONE, status=0))
    metrics.refused_at_the_edge(431, "header_too_large")
    metrics.placed("replica", "r-1", "eu", "prefix", 0.9)
    metrics.placed("peer", "p", "us", "stolen", None)
    metrics.upstream_failed("r-1", "connect")
    metrics.between_blocks_s.add(0.02)
    metrics.connections += 1
    metrics.connections_refused["too_many_connections"] += 1
    metrics.reloaded(ok=False)
    metrics.loop_lag_s.add(0.0)
    return metrics


def samples(metrics: Metrics, reading: Reading = READING) -> dict[str, float]:
    """Return each sample's value by `name{label=value,...}`, as a scraper reads it."""
    page, content_type = asyncio.run(Exposition(metrics, lambda: reading).page(""))
    assert content_type.startswith("text/plain")
    return {
        f"{sample.name}{{{','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_what_was_counted_is_shown(busy: Metrics) -> None:
    shown = samples(busy)
    expected = {
        "nightshift_requests_total{outcome=completed,status=200}": 1,
        "nightshift_requests_total{outcome=refused,status=429}": 1,
        "nightshift_requests_total{outcome=client_gone,status=none}": 1,
        "nightshift_refusals_total{code=queue_full}": 1,
        "nightshift_refusals_total{code=header_too_large}": 1,
        "nightshift_requests_total{outcome=refused,status=431}": 1,
        "nightshift_false_peer_claims_total{}": 7,
        "nightshift_model_requests_total{model=llama}": 1,
        "nightshift_model_requests_total{model=other}": 1,
        "nightshift_peer_requests_total{peer=p}": 1,
        "nightshift_peer_requests_total{peer=other}": 1,
        "nightshift_placements_total{kind=replica,reason=prefix,region=eu,target=r-1}": 1,
        "nightshift_placements_total{kind=peer,reason=stolen,region=us,target=p}": 1,
        "nightshift_prefix_match_ratio_count{}": 1,
        "nightshift_retries_total{}": 1,
        "nightshift_upstream_failures_total{kind=connect,target=r-1}": 1,
        "nightshift_upstream_died_mid_answer_total{target=r-1}": 1,
        "nightshift_time_to_first_content_seconds_sum{stream=true}": 0.4,
        "nightshift_time_to_first_content_seconds_count{stream=false}": 0,
        "nightshift_target_state{kind=replica,region=eu,state=ready,target=r-1}": 1,
        "nightshift_target_state{kind=replica,region=eu,state=failed,target=r-1}": 0,
        "nightshift_target_outstanding_requests{kind=replica,region=eu,target=r-1}": 3,
        "nightshift_prefix_index_bytes{layer=replicas}": 1_000,
        "nightshift_retry_budget_remaining{}": 99.5,
        "nightshift_config_reloads_total{result=refused}": 1,
        "nightshift_config_last_reload_successful{}": 0,
        "nightshift_build_info{balancer=b,region=eu,version=1}": 1,
    }
    assert expected.items() <= shown.items()
    assert shown["nightshift_target_first_content_seconds_sum{target=r-1}"] == pytest.approx(0.3)


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_a_page_in_slices_is_the_page_in_one_piece(busy: Metrics, accept: str) -> None:
    targets = [
        TargetReading("replica", f'r"{n}\n# HELP', "eu", "ready", n % 3, pending=None) for n in range(120)
    ]
    exposition = Exposition(busy, lambda: Reading(states=("ready", "failed"), targets=targets))
    encode, _ = choose_encoder(accept)

    def ours(page: bytes) -> list[bytes]:
        return [line for line in page.splitlines() if b"process_" not in line]  # which change as we look

    page, _ = asyncio.run(exposition.page(accept))
    assert ours(page) == ours(encode(exposition.registry))


def test_other_work_goes_on_while_a_page_is_written() -> None:
    targets = [TargetReading("replica", f"r-{n}", "eu", "ready") for n in range(200)]
    exposition = Exposition(Metrics(), lambda: Reading(states=("ready", "failed"), targets=targets))

    async def scene() -> int:
        turns = 0
        page = asyncio.get_running_loop().create_task(exposition.page(""))
        while not page.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(scene()) >= 200 * 2 / 50


def test_a_gauge_that_is_not_known_is_missing(busy: Metrics) -> None:
    shown = samples(busy)
    assert "nightshift_target_pending_requests{kind=replica,region=eu,target=r-1}" in shown
    assert not any("pending" in name and "target=p" in name for name in shown)
    assert "nightshift_config_last_reload_successful{}" not in samples(Metrics())


def test_a_status_of_its_own_is_no_series_of_its_own(outcome: "MakeOutcome") -> None:
    metrics = Metrics()
    for status in (777, 778, 599):
        metrics.ended(outcome(status=status))
    assert samples(metrics)["nightshift_requests_total{outcome=completed,status=other}"] == 3


def test_what_was_counted_of_a_target_goes_with_it(busy: Metrics) -> None:
    busy.targets_are(replicas=["r-2"], peers=[])
    busy.models_are([])
    shown = samples(busy, Reading(states=()))
    assert not [name for name in shown if "target=r-1" in name or "peer=p" in name or "llama" in name]
    assert shown["nightshift_requests_total{outcome=completed,status=200}"] == 1


def test_both_formats_are_what_their_parsers_take_and_what_the_catalogue_says(busy: Metrics) -> None:
    exposition = Exposition(busy, lambda: READING)
    page, content_type = asyncio.run(exposition.page(OPENMETRICS))
    assert content_type.startswith("application/openmetrics-text")
    kinds = {
        family.name: family.type
        for family in openmetrics_families(page.decode())  # type: ignore[no-untyped-call]
        if family.name.startswith("nightshift")
    }
    defined = {metric.name.removesuffix("_total"): metric.kind for metric in catalogue.ALL}
    assert kinds == defined
    for family in exposition.registry.collect():
        for sample in family.samples:
            definition = next((m for m in catalogue.ALL if m.name.startswith(family.name)), None)
            if definition is not None:
                assert set(sample.labels) - {"le"} == set(definition.labels), family.name
    assert any(family.name == "process_cpu_seconds" for family in exposition.registry.collect())


@pytest.mark.parametrize("metric", catalogue.ALL, ids=lambda metric: metric.name)
def test_names_keep_to_the_conventions(metric: catalogue.Metric) -> None:
    assert re.fullmatch(r"nightshift_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    if metric.kind in ("histogram", "summary"):
        assert metric.name.endswith(("_seconds", "_ratio", "_bytes"))
    assert not re.search(r"_(ms|milliseconds|kb|percent)(_|$)", metric.name)
    assert metric.meaning.endswith(".")
    assert not {"id", "tenant", "client", "path", "le"} & set(metric.labels)


def test_the_reference_page_has_every_metric() -> None:
    """Mend it with `python -m nightshift.proxy.seen.metrics_page`."""
    assert table() in PAGE.read_text()


@given(st.lists(st.floats(0, 1e6)), st.lists(st.floats(0, 1e6), min_size=1, unique=True).map(sorted))
def test_a_bucket_counts_all_that_is_at_most_its_bound(values: list[float], bounds: list[float]) -> None:
    histogram = Histogram(bounds)
    for value in values:
        histogram.add(value)
    counts = [count for _, count in histogram.buckets()]
    assert counts == [*(sum(value <= bound for value in values) for bound in bounds), len(values)]
    assert histogram.total == pytest.approx(sum(values))
