"""Two systems, paired by seed."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.statistics import Comparison, Verdict, compare, compare_all

POSITIVE = st.floats(1e-3, 1e6)
PAIRS = st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=6)


def test_a_clear_difference() -> None:
    found = compare("x", [(12.0, 10.0), (24.1, 20.0), (35.9, 30.0)])
    assert (found.verdict, found.pairs) == (Verdict.MORE, 3)
    assert found.ratio == pytest.approx(72 / 60)
    assert found.interval is not None
    low, high = found.interval
    assert 1.15 < low < 1.2 < high < 1.25


def test_pairing_takes_out_what_a_seed_does_to_both() -> None:
    """Seeds differ by more than the systems do: unpaired this would be noise."""
    pairs = [(101.0, 100.0), (50.6, 50.0), (202.2, 200.0)]
    assert compare("x", pairs).verdict is Verdict.MORE
    shuffled = [(101.0, 50.0), (50.6, 200.0), (202.2, 100.0)]
    assert compare("x", shuffled).verdict is Verdict.NOISE


def test_less_is_more_the_other_way() -> None:
    pairs = [(10.0, 12.0), (10.1, 12.2), (9.9, 12.1)]
    assert compare("x", pairs).verdict is Verdict.LESS
    assert compare("x", [(b, a) for a, b in pairs]).verdict is Verdict.MORE


def test_noise() -> None:
    assert compare("x", [(10.0, 11.0), (12.0, 11.0), (11.0, 11.2)]).verdict is Verdict.NOISE


def test_equal_systems_are_noise() -> None:
    found = compare("x", [(5.0, 5.0), (6.0, 6.0)])
    assert found.verdict is Verdict.NOISE
    assert found.interval == (1.0, 1.0)


def test_one_repetition_is_not_known() -> None:
    found = compare("x", [(20.0, 10.0)])
    assert found.verdict is Verdict.UNKNOWN
    assert str(found.verdict) == "one repetition: not known"
    assert (found.interval, found.ratio, found.p) == (None, 2.0, 1.0)


def test_zeros_have_no_ratio_but_a_verdict() -> None:
    found = compare("failed", [(3.0, 0.0), (3.0, 0.0), (4.0, 0.0)])
    assert (found.ratio, found.interval) == (None, None)
    assert found.verdict is Verdict.MORE


def test_three_pairs_cannot_convince_the_sign_test() -> None:
    found = compare("x", [(12.0, 10.0), (12.1, 10.0), (12.0, 10.1)])
    assert found.verdict is Verdict.MORE
    assert found.p == found.smallest_p == 0.25


def test_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="no seed was run with both"):
        compare("x", [])


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_the_ratio_is_the_same_seen_from_the_other_side(pairs: list[tuple[float, float]]) -> None:
    found, other = compare("x", pairs), compare("x", [(b, a) for a, b in pairs])
    assert other.difference == pytest.approx(-found.difference)
    opposite = {Verdict.MORE: Verdict.LESS, Verdict.LESS: Verdict.MORE}
    assert other.verdict is opposite.get(found.verdict, found.verdict)
    if found.interval is not None and other.interval is not None and found.interval[1] < 1e300:
        low, high = found.interval
        assert other.interval == pytest.approx((1 / high, 1 / low), rel=1e-6) or low == 0.0


def test_equal_systems_differ_in_five_of_a_hundred_comparisons() -> None:
    rng = Random("false alarms")
    alarms = 0
    for _ in range(2000):
        hard = [rng.gauss(100, 20) for _ in range(4)]
        pairs = [(seed + rng.gauss(0, 3), seed + rng.gauss(0, 3)) for seed in hard]
        alarms += compare("x", pairs).verdict in (Verdict.MORE, Verdict.LESS)
    assert 0.035 <= alarms / 2000 <= 0.065


def by_names(found: list[tuple[str, str, Comparison]]) -> list[tuple[str, str, str, int]]:
    return [(a, b, row.figure, row.pairs) for a, b, row in found]


def test_every_two_systems_by_the_seeds_that_both_had() -> None:
    figures = {
        "sgl": {1: {"x": 1.0, "y": 2.0}, 2: {"x": 1.1, "y": 2.0}, 3: {"x": 1.2}},
        "ours": {1: {"x": 2.0, "y": 2.0}, 3: {"x": 2.1, "y": 2.0}},
        "late": {2: {"x": 5.0}},
    }
    assert by_names(list(compare_all(figures, ["x", "y"]))) == [
        ("sgl", "ours", "x", 2),
        ("sgl", "ours", "y", 1),
        ("sgl", "late", "x", 1),
    ]


def test_pairs_are_of_one_seed() -> None:
    figures = {"a": {2: {"x": 20.0}, 1: {"x": 10.0}}, "b": {1: {"x": 5.0}, 2: {"x": 10.0}}}
    ((_, _, row),) = compare_all(figures, ["x"])
    assert row.interval == pytest.approx((2.0, 2.0))
