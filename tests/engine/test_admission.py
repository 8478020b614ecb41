"""The reserve's share: where it starts, how it falls, what a shortage does to it."""

import pytest

from nightshift.engine.admission import NewTokenRatio


def test_it_falls_to_its_floor_within_600_steps() -> None:
    ratio = NewTokenRatio()
    assert ratio.at(0) == 0.7
    assert 0.098 < ratio.at(300) < 0.7
    assert ratio.at(600) == pytest.approx(0.098)
    assert ratio.at(5000) == pytest.approx(0.098)


def test_a_shortage_sets_it_to_what_was_seen() -> None:
    ratio = NewTokenRatio()
    ratio.ran_out(1000, written=500, allowed=1000, sequences=10)
    assert ratio.at(1000) == pytest.approx(0.7)
    ratio.ran_out(1000, written=990, allowed=1000, sequences=10)
    assert ratio.at(1000) == 1.0
    ratio.idle(2000)
    assert ratio.at(2000) == 0.7


def test_conservativeness_scales_it_up_to_all() -> None:
    assert NewTokenRatio(0.5).at(0) == pytest.approx(0.35)
    assert NewTokenRatio(0.5).at(600) == pytest.approx(0.049)
    assert NewTokenRatio(3.0).at(0) == 1.0
