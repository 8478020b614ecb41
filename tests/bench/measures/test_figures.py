"""Figures: small cases by hand, and what holds for any records."""

from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nightshift.bench.measures import DEFINITIONS, Figures, Slo, Spread, Window, measure, measure_by_region
from nightshift.bench.measures.client_load import ClientLoad
from nightshift.bench.measures.imbalance import Imbalance
from nightshift.bench.records import RequestRecord

WINDOW = Window(warmup_s=0.0, end_s=100.0)


def finished(
    start: float,
    ttft: float,
    e2e: float,
    tokens: tuple[int, int],
    *,
    cached: int | None = None,
    region: str = "r",
) -> RequestRecord:
    return RequestRecord(
        uid=f"{start}",
        region=region,
        user=0,
        turn=0,
        program_id="p",
        hash_key="k",
        start=start,
        end=start + e2e,
        prompt_bytes=4 * tokens[0],
        streaming_start=start + ttft,
        ttft=ttft,
        e2e_latency=e2e,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cached_tokens=cached,
    )


def cut_off(record: RequestRecord, end: float, output_tokens: int) -> RequestRecord:
    return replace(
        record,
        end=end,
        e2e_latency=None,
        unfinished=True,
        input_tokens=None,
        output_tokens=output_tokens,
        cached_tokens=None,
    )


def fail(record: RequestRecord) -> RequestRecord:
    return replace(record, failed="HTTP 500", e2e_latency=None, streaming_start=None, ttft=None)


# Two requests that end, one that fails, one that is cut off at 100 s.
FEW = [
    finished(10.0, 1.0, 11.0, (100, 21), cached=0),
    finished(30.0, 0.5, 20.5, (300, 41), cached=150),
    fail(finished(40.0, 1.0, 2.0, (50, 10))),
    cut_off(finished(90.0, 2.0, 30.0, (200, 99)), end=100.0, output_tokens=8),
]


def test_counts_every_request_of_whatever_outcome() -> None:
    figures = measure(FEW, WINDOW)
    assert (figures.requests, figures.finished, figures.failed, figures.unfinished) == (4, 2, 1, 1)
    assert figures.without_first_token == 0


def test_throughput_is_that_of_the_original() -> None:
    figures = measure(FEW, WINDOW)
    span_s = 50.5 - 10.0
    assert figures.weighted_token_per_s == pytest.approx((100 + 2 * 21 + 300 + 2 * 41) / span_s)
    assert figures.token_per_s == pytest.approx((100 + 21 + 300 + 41) / span_s)
    assert figures.output_token_per_s == pytest.approx((21 + 41) / span_s)
    assert figures.request_per_s == pytest.approx(2 / span_s)


def test_the_window_counts_what_was_delivered_of_cut_off_requests() -> None:
    figures = measure(FEW, WINDOW)
    assert figures.window_output_token_per_s == pytest.approx((21 + 41 + 8) / 100)
    # The prompt of the one that was cut off is guessed from its bytes: 800 at 4 bytes a token.
    assert figures.window_weighted_token_per_s == pytest.approx((100 + 300 + 200 + 2 * (21 + 41 + 8)) / 100)


def test_the_window_takes_of_each_request_the_part_that_lies_in_it() -> None:
    # Prompt from 10 to 14, answer from 14 to 34; the window begins at 12 and ends at 24.
    one = finished(10.0, 4.0, 24.0, (80, 40))
    figures = measure([one], Window(12.0, 24.0))
    assert figures.window_output_token_per_s == pytest.approx(40 * 10 / 20 / 12)
    assert figures.window_weighted_token_per_s == pytest.approx((80 * 2 / 4 + 2 * 40 * 10 / 20) / 12)


def test_latencies() -> None:
    figures = measure(FEW, WINDOW)
    assert figures.ttft_s is not None
    assert figures.ttft_s.p50 == pytest.approx(1.0)  # of 0.5, 1 and, cut off but with content, 2
    assert figures.e2e_s is not None
    assert figures.e2e_s.mean == pytest.approx((11.0 + 20.5) / 2)
    assert figures.tpot_s is not None
    assert figures.tpot_s.mean == pytest.approx((10 / 20 + 20 / 40) / 2)
    assert figures.ntpot_s is not None
    assert figures.ntpot_s.mean == pytest.approx((11 / 21 + 20.5 / 41) / 2)


def test_an_answer_of_one_token_has_no_time_between_tokens() -> None:
    figures = measure([finished(0.0, 1.0, 1.5, (100, 1))], WINDOW)
    assert figures.tpot_s is None
    assert figures.ntpot_s is not None
    assert figures.ntpot_s.p50 == 1.5


def test_gaps_of_all_requests_are_one_pool() -> None:
    records = [
        replace(FEW[0], itl_s=[0.1, 0.1]),
        replace(FEW[3], itl_s=[0.4]),
        replace(FEW[2], itl_s=[9.0]),  # failed
        replace(finished(1.0, 1.0, 2.0, (5, 5)), itl_s=[9.0]),  # in the warm-up
        FEW[1],  # without gaps
    ]
    figures = measure(records, Window(5.0, 100.0))
    assert figures.itl_s is not None
    assert figures.itl_s.mean == pytest.approx(0.2)
    assert figures.itl_s.p50 == pytest.approx(0.1)
    assert measure(FEW, WINDOW).itl_s is None


def test_the_clients_own_lag_is_told_in_open_loop_alone() -> None:
    late = measure([replace(FEW[0], scheduled=9.75), FEW[1]], WINDOW)
    assert late.schedule_lag_s is not None
    assert late.schedule_lag_s.p99 == pytest.approx(0.25)
    assert measure(FEW, WINDOW).schedule_lag_s is None


def test_hit_rate_is_tokens_over_tokens() -> None:
    assert measure(FEW, WINDOW).prefix_hit_rate == pytest.approx(150 / 400)


def test_hit_rate_is_none_where_no_engine_told() -> None:
    assert measure([replace(record, cached_tokens=None) for record in FEW], WINDOW).prefix_hit_rate is None


def test_an_engine_that_claims_more_than_the_prompt_is_not_believed() -> None:
    assert measure([finished(0.0, 1.0, 2.0, (100, 5), cached=128)], WINDOW).prefix_hit_rate == 1.0


def test_warm_up_is_counted_apart() -> None:
    figures = measure(FEW, Window(warmup_s=20.0, end_s=100.0))
    assert (figures.requests, figures.warmup_requests, figures.failed) == (4, 1, 1)
    assert figures.e2e_s is not None
    assert figures.e2e_s.mean == pytest.approx(20.5)
    assert figures.prefix_hit_rate == pytest.approx(150 / 300)


def test_requests_without_a_first_token_are_told() -> None:
    waiting = replace(FEW[3], streaming_start=None, ttft=None, output_tokens=0)
    assert measure([waiting], WINDOW).without_first_token == 1


def test_routing_is_counted() -> None:
    records = [
        replace(FEW[0], hops=1, queued_s=0.25),
        replace(FEW[1], hops=0, queued_s=0.0),
        replace(FEW[1], hops=None, queued_s=None),
    ]
    figures = measure(records, WINDOW)
    assert (figures.handed_over, figures.queued) == (1, 1)
    assert figures.queued_s is not None
    assert figures.queued_s.mean == pytest.approx(0.125)


@pytest.mark.parametrize("records", [[], [fail(FEW[0])]])
def test_nothing_finished_is_zero_and_none_not_an_error(records: list[RequestRecord]) -> None:
    figures = measure(records, WINDOW)
    assert figures.weighted_token_per_s == figures.window_weighted_token_per_s == 0.0
    assert (figures.ttft_s, figures.e2e_s, figures.prefix_hit_rate) == (None, None, None)


def test_a_run_that_ended_in_its_warm_up_has_no_window() -> None:
    assert measure(FEW, Window(120.0, 100.0)).window_output_token_per_s == 0.0


def test_every_figure_has_a_definition_and_a_line() -> None:
    names = [field.name for field in fields(Figures)]
    of_a_run = [field.name for shape in (Imbalance, ClientLoad) for field in fields(shape)]
    assert sorted(DEFINITIONS) == sorted(names + of_a_run)
    assert [line.split()[0] for line in measure(FEW, WINDOW).lines()] == names


def test_as_dict_is_plain() -> None:
    plain = measure(FEW, WINDOW).as_dict()
    assert set(plain["ttft_s"]) == {"mean", "p50", "p90", "p95", "p99"}


@st.composite
def any_records(draw: st.DrawFn) -> list[RequestRecord]:
    records = []
    for _ in range(draw(st.integers(0, 8))):
        ttft = draw(st.floats(0, 20))
        record = finished(
            draw(st.floats(0, 90)),
            ttft,
            ttft + draw(st.floats(0, 60)),
            (draw(st.integers(1, 2000)), draw(st.integers(1, 512))),
            cached=draw(st.none() | st.integers(0, 3000)),
            region=draw(st.sampled_from(["us", "ap", "eu"])),
        )
        outcome = draw(st.sampled_from(["finished", "failed", "waiting"]))
        if outcome == "failed":
            record = fail(record)
        elif outcome == "waiting":
            record = replace(cut_off(record, 100.0, 0), streaming_start=None, ttft=None)
        records.append(record)
    return records


WINDOWS = st.builds(Window, st.floats(0, 50), st.floats(60, 100))


@given(any_records(), WINDOWS)
def test_hit_rate_is_a_share(records: list[RequestRecord], window: Window) -> None:
    rate = measure(records, window).prefix_hit_rate
    assert rate is None or 0.0 <= rate <= 1.0


@given(any_records(), WINDOWS)
def test_nothing_is_lost(records: list[RequestRecord], window: Window) -> None:
    figures = measure(records, window)
    assert figures.finished + figures.failed + figures.unfinished == figures.requests == len(records)
    goodput = figures.goodput
    assert goodput.good <= goodput.judged
    assert goodput.judged + goodput.undecided == figures.requests - figures.warmup_requests


@given(any_records(), WINDOWS)
def test_a_stricter_objective_never_has_more_good_ones(records: list[RequestRecord], window: Window) -> None:
    loose, strict = Slo(ttft=5.0, e2e=30.0), Slo(ttft=1.0, e2e=30.0, tpot=0.1)
    assert measure(records, window, strict).goodput.good <= measure(records, window, loose).goodput.good


@given(any_records(), WINDOWS)
def test_regions_add_up(records: list[RequestRecord], window: Window) -> None:
    overall, regions = measure(records, window), measure_by_region(records, window).values()
    for name in ("requests", "finished", "failed", "unfinished", "warmup_requests", "handed_over", "queued"):
        assert getattr(overall, name) == sum(getattr(region, name) for region in regions)
    added = sum(region.window_weighted_token_per_s for region in regions)
    assert overall.window_weighted_token_per_s == pytest.approx(added)


@given(any_records(), st.floats(1, 99))
def test_windows_side_by_side_add_up(records: list[RequestRecord], middle: float) -> None:
    def tokens(window: Window) -> float:
        return measure(records, window).window_output_token_per_s * window.length_s

    # An answer that takes no time may lie on the border, and then counts on both sides.
    assume(all(one.streaming_start is None or one.end > one.streaming_start for one in records))
    whole = tokens(Window(0.0, 200.0))
    assert tokens(Window(0.0, middle)) + tokens(Window(middle, 200.0)) == pytest.approx(whole)


def test_percentiles_lie_between_neighbours() -> None:
    spread = Spread.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert spread is not None
    assert (spread.mean, spread.p50) == (3.0, 3.0)
    assert spread.p90 == pytest.approx(4.6)
