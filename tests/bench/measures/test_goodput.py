"""Which requests are good, which are not, and of which nobody knows."""

from dataclasses import replace

import pytest
from tests.bench.asked import ASKED

from nightshift.bench.measures import Goodput, Slo, Window, measure
from nightshift.bench.records import RequestRecord

WINDOW = Window(warmup_s=0.0, end_s=100.0)
GOOD = replace(
    ASKED,
    region="us",
    start=10.0,
    end=20.0,
    streaming_start=11.0,
    ttft=1.0,
    e2e_latency=10.0,
    input_tokens=100,
    output_tokens=10,
    itl_mean=1.0,
)


def judge(slo: Slo, *records: RequestRecord) -> Goodput:
    return measure(records, WINDOW, slo).goodput


@pytest.mark.parametrize(
    ("slo", "good"),
    [
        (Slo(), 1),
        (Slo(ttft=1.0, tpot=1.0, itl=1.0, ntpot=1.0, e2e=10.0), 1),  # at the limit is within
        (Slo(ttft=0.99), 0),
        (Slo(tpot=0.99), 0),
        (Slo(itl=0.99), 0),
        (Slo(ntpot=0.99), 0),
        (Slo(e2e=9.99), 0),
        (Slo(ttft=5.0, e2e=9.99), 0),
    ],
)
def test_every_limit_is_kept(slo: Slo, good: int) -> None:
    assert judge(slo, GOOD).good == good


def test_rates_are_over_the_seconds_of_throughput() -> None:
    slow = replace(GOOD, uid="2", start=30.0, end=50.0, ttft=9.0, e2e_latency=20.0)
    found = judge(Slo(ttft=2.0), GOOD, slow)
    assert found.share == 0.5
    assert found.request_per_s == pytest.approx(1 / 40)
    assert found.token_per_s == pytest.approx(110 / 40)


def test_a_failed_request_is_judged_and_not_good() -> None:
    found = judge(Slo(), GOOD, replace(GOOD, failed="HTTP 500", e2e_latency=None))
    assert (found.good, found.judged, found.share) == (1, 2, 0.5)


def cut_off(ttft: float | None, end: float) -> RequestRecord:
    return replace(GOOD, end=end, ttft=ttft, e2e_latency=None, unfinished=True)


@pytest.mark.parametrize(
    ("ttft", "end", "judged"),
    [
        (None, 11.9, 0),  # waited less than the limit
        (None, 12.1, 1),  # waited longer without a token
        (2.5, 13.0, 1),  # its first token was late
        (1.0, 29.0, 0),  # may still keep all
        (1.0, 31.0, 1),  # under way for too long
    ],
)
def test_a_request_that_was_cut_off_is_judged_by_what_it_had_broken(
    ttft: float | None, end: float, judged: int
) -> None:
    found = judge(Slo(ttft=2.0, e2e=20.0), cut_off(ttft, end))
    assert (found.good, found.judged, found.undecided) == (0, judged, 1 - judged)


def test_nothing_judged_has_no_share() -> None:
    assert judge(Slo(ttft=2.0), cut_off(1.0, 11.0)).share is None
    assert judge(Slo()).share is None


def test_one_token_has_no_gap_to_limit() -> None:
    one = replace(GOOD, output_tokens=1, itl_mean=None)
    assert judge(Slo(tpot=0.1, itl=0.1), one).good == 1
    assert judge(Slo(ntpot=0.1), one).good == 0


def test_a_finished_answer_without_content_keeps_no_limit_of_ttft() -> None:
    assert judge(Slo(ttft=5.0), replace(GOOD, ttft=None, output_tokens=0)).good == 0
