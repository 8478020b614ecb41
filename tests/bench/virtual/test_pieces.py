"""The gaps that simulated clients saw are those between tokens, however long each took to come."""

from array import array
from pathlib import Path

import pytest

from nightshift.bench.results import records_in
from nightshift.bench.virtual.pieces import Pieces, ReplicaPieces
from nightshift.engine.token_times import TokenTimes
from nightshift.simulate.requests import Served

from .test_one_run import experiment, run

ENDS_S = [1.0, 1.25, 1.51234, 1.75, 2.0, 2.5, 3.0]


def pieces(under_way: dict[str, int] | None = None, *marks: tuple[int, int]) -> ReplicaPieces:
    return ReplicaPieces(TokenTimes(array("d", ENDS_S), {"a": marks or ((1, 1),)}), under_way or {})


def asked(*, tokens: int, first: float | None, over: float | None) -> Served:
    return Served("a", "us", 0, 0.0, 20, tokens, first=first, over=over)


def test_gaps_are_those_between_its_own_tokens() -> None:
    found = pieces().of(asked(tokens=4, first=1.35, over=2.1), end_s=10.0)
    assert found.tokens == 4
    assert found.gaps_s == [0.2623, 0.2377, 0.25]
    assert found.mean_s == pytest.approx(0.25)
    assert found.longest_s == pytest.approx(0.2623)


def test_a_retracted_request_has_a_gap_over_its_absence() -> None:
    found = pieces({}, (1, 0), (3, 5)).of(asked(tokens=4, first=1.0, over=3.0), end_s=10.0)
    assert found.gaps_s == [0.25, 1.25, 0.5]


def test_what_is_still_on_its_way_at_the_end_was_not_seen() -> None:
    one = asked(tokens=9, first=1.35, over=None)  # a way of 0.1 s; six tokens so far at the replica
    assert pieces({"a": 6}).of(one, end_s=2.59).gaps_s == [0.2623, 0.2377, 0.25]
    assert pieces({"a": 6}).of(one, end_s=2.61).tokens == 5


def test_without_a_first_token_there_is_nothing() -> None:
    assert pieces().of(asked(tokens=4, first=None, over=None), end_s=2.0) == Pieces()
    assert pieces({"a": 1}).of(asked(tokens=4, first=1.35, over=None), end_s=1.4) == Pieces(1)


def test_records_of_a_run_hold_together(tmp_path: Path) -> None:
    records = [one for one in records_in(run(experiment(tmp_path))) if one.streaming_start is not None]
    assert len(records) > 40
    assert any(one.unfinished for one in records)
    for one in records:
        gaps_s = one.itl_s or []
        assert len(gaps_s) == one.output_tokens - 1
        assert one.start + (one.ttft or 0) + sum(gaps_s) <= one.end + 1e-4 * len(gaps_s)
        if not one.finished or not gaps_s:
            continue
        assert one.ttft is not None
        assert one.e2e_latency is not None
        assert one.ttft + sum(gaps_s) == pytest.approx(one.e2e_latency, abs=1e-4 * len(gaps_s))
        assert one.itl_mean == pytest.approx((one.e2e_latency - one.ttft) / len(gaps_s))
        assert one.itl_max == pytest.approx(max(gaps_s))
    spread = [gap for one in records for gap in one.itl_s or []]
    assert len({round(gap, 2) for gap in spread}) > 3, "prompts beside it make some gaps long"
