"""Means over repetitions, and what stands beside them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.statistics.dotted import dotted, mean_of
from nightshift.bench.statistics.rows import comparisons_of, row_of


def repetition(rate: float, p50: float | None, *, failed: int = 0) -> dict[str, Any]:
    def figures(scale: float) -> dict[str, Any]:
        spread = None if p50 is None else {"mean": p50 * scale, "p50": p50 * scale}
        return {"weighted_token_per_s": rate * scale, "ttft_s": spread, "failed": failed, "wan": None}

    return {**figures(1.0), "regions": {"us": figures(0.5)}}


def test_a_row_has_means_and_intervals() -> None:
    row = row_of([repetition(90.0, 1.0), repetition(100.0, 2.0), repetition(110.0, 3.0)])
    assert (row["weighted_token_per_s"], row["ttft_s"]["p50"]) == (100.0, 2.0)
    assert row["intervals"]["weighted_token_per_s"] == pytest.approx((75.16, 124.84), abs=0.01)
    assert set(row["intervals"]) == {"weighted_token_per_s", "ttft_s.mean", "ttft_s.p50", "failed"}
    assert [one["weighted_token_per_s"] for one in row["repetitions"]] == [90.0, 100.0, 110.0]
    assert row["regions"]["us"]["weighted_token_per_s"] == 50.0
    assert row["regions"]["us"]["intervals"]["ttft_s.p50"] == pytest.approx((0.0, 2.24), abs=0.01)


def test_one_repetition_has_no_intervals() -> None:
    row = row_of([repetition(90.0, 1.0)])
    assert (row["weighted_token_per_s"], row["intervals"]) == (90.0, {})


def test_counts_stay_whole_where_they_are() -> None:
    assert row_of([repetition(1.0, None, failed=2), repetition(1.0, None, failed=4)])["failed"] == 3
    assert isinstance(row_of([repetition(1.0, None, failed=2)])["failed"], int)
    assert row_of([repetition(1.0, None, failed=1), repetition(1.0, None, failed=2)])["failed"] == 1.5


def test_a_figure_that_one_repetition_lacks_is_of_the_others() -> None:
    row = row_of([repetition(1.0, None), repetition(1.0, 2.0)])
    assert row["ttft_s"] == {"mean": 2.0, "p50": 2.0}
    assert "ttft_s.p50" not in row["intervals"]
    assert row_of([repetition(1.0, None)])["ttft_s"] is None


def test_nothing_has_no_row() -> None:
    with pytest.raises(ValueError, match="without a finished repetition"):
        row_of([])


def test_comparisons_are_plain_rows() -> None:
    systems = {
        "sgl": {1: repetition(100.0, 2.0), 2: repetition(102.0, 2.2)},
        "ours": {1: repetition(120.0, 1.0), 2: repetition(122.4, 1.1)},
    }
    rows = comparisons_of(systems, seed=1)
    assert [(row["a"], row["b"], row["figure"]) for row in rows][:2] == [
        ("sgl", "ours", "weighted_token_per_s"),
        ("sgl", "ours", "ttft_s.mean"),
    ]
    assert rows[0]["ratio"] == pytest.approx(1 / 1.2)
    assert rows[0]["interval"] == pytest.approx((1 / 1.2, 1 / 1.2))
    assert rows[0]["verdict"] == "less"


NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"a": NUMBERS, "b": st.fixed_dictionaries({"c": NUMBERS})}), min_size=1)
)
def test_the_mean_of_dotted_figures_is_the_dotted_mean(repetitions: list[dict[str, Any]]) -> None:
    flat = dotted(mean_of(repetitions))
    assert set(flat) == {"a", "b.c"}
    by_hand = sum(one["b"]["c"] for one in repetitions) / len(repetitions)
    assert flat["b.c"] == pytest.approx(by_hand, rel=1e-9, abs=1e-6)
