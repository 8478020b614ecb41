from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.report import columns
from nightshift.bench.report.columns import MARGIN, TTFT_P50, WEIGHTED, best_row


def rows(*values: float | None) -> list[dict[str, Any]]:
    return [
        {"id": place, "suffix": str(place), "weighted_token_per_s": value}
        for place, value in enumerate(values)
    ]


def test_the_best_is_marked_only_beyond_the_margin() -> None:
    assert best_row(WEIGHTED, rows(100.0, 102.1, 90.0)) == 1
    assert best_row(WEIGHTED, rows(100.0, 101.9, 90.0)) is None
    assert best_row(WEIGHTED, rows(100.0, 100.0)) is None
    assert best_row(WEIGHTED, rows(None, 5.0)) is None
    assert best_row(WEIGHTED, []) is None


def test_low_is_good_for_a_latency() -> None:
    latencies = [{"ttft_s": {"p50": value}} for value in (1.0, 0.9, 2.0)] + [{"ttft_s": None}]
    assert best_row(TTFT_P50, latencies) == 1
    assert best_row(columns.HANDED_OVER, [{"handed_over": 1}, {"handed_over": 9}]) is None


@given(st.lists(st.none() | st.floats(min_value=0.001, max_value=1e6), max_size=8))
def test_a_marked_value_leads_all_others(values: list[float | None]) -> None:
    place = best_row(WEIGHTED, rows(*values))
    if place is not None:
        best = values[place]
        assert best is not None
        others = [value for other, value in enumerate(values) if other != place and value is not None]
        assert all(best > value * (1 + MARGIN) * 0.999999 for value in others)


@pytest.mark.parametrize(
    "absent", [{}, {"ttft_s": None}, {"ttft_s": {"p50": None}}, {"ttft_s": {"p50": float("nan")}}]
)
def test_what_is_absent_is_a_dash(absent: dict[str, Any]) -> None:
    assert TTFT_P50.text(absent) == "–"


def test_seconds_keep_three_digits() -> None:
    assert [columns.seconds(value) for value in (0.0314, 0.9994, 1.234, 12.34)] == [
        "0.031",
        "0.999",
        "1.23",
        "12.3",
    ]


def test_ratio_to_system_0() -> None:
    every = rows(100.0, 116.0, None)
    baseline = columns.baseline_of(every)
    assert [columns.ratio_to(baseline, row) for row in every] == ["1.00×", "1.16×", "–"]
    assert columns.baseline_of(every[1:]) is every[1]  # system 0 did not run: the first
    assert columns.baseline_of([]) is None
    assert columns.ratio_to(None, every[1]) == "–"
    assert columns.ratio_to(rows(0.0)[0], every[1]) == "–"


def test_optional_columns_go_where_no_row_has_them() -> None:
    shown = (WEIGHTED, columns.QUEUED)
    assert columns.present(shown, rows(1.0)) == [WEIGHTED]
    assert columns.present(shown, [{"queued": 0}]) == [WEIGHTED, columns.QUEUED]
