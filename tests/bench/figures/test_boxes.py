import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.figures.boxes import Box, box_of, limits

times = st.lists(st.floats(min_value=0.0, max_value=1e4), min_size=1, max_size=60)


@given(times)
def test_a_box_is_ordered_and_within_its_values(values: list[float]) -> None:
    box = box_of(np.asarray(values))
    ordered = (min(values), box.p10, box.p25, box.p50, box.p75, box.p90, max(values))
    assert all(low <= high or math.isclose(low, high) for low, high in pairwise(ordered))
    assert box.count == len(values)


@given(st.lists(times, min_size=1, max_size=5))
def test_limits_hold_all_boxes_on_a_log_axis(rows: list[list[float]]) -> None:
    boxes = [box_of(np.asarray(values)) for values in rows]
    low, high = limits(boxes)
    assert 0 < low < high
    assert all(box.p90 < high and box.mean < high for box in boxes)


def test_percentiles_by_hand() -> None:
    assert box_of(np.arange(0.0, 101.0)) == Box(101, 50.0, 10.0, 25.0, 50.0, 75.0, 90.0)


def test_no_values_are_no_zero() -> None:
    box = box_of(np.empty(0))
    assert box.count == 0
    assert math.isnan(box.p50)
    assert limits([box]) == pytest.approx((0.1, 10.0))
