"""Prefix similarity, by hand and as a property."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.workloads import workload
from nightshift.bench.workloads.similarity import (
    across_regions,
    across_users,
    openings,
    prefix_similarity,
    within_regions,
    within_users,
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("abcd", "abxxxxxx", 0.5), ("ab", "abcdef", 1.0), ("xab", "ab", 0.0), ("", "abc", 0.0), ("a", "a", 1.0)],
)
def test_common_prefix_over_the_shorter(one: str, other: str, expected: float) -> None:
    assert prefix_similarity(one, other) == expected


@given(st.text("ab"), st.text("ab"))
def test_is_symmetric_and_a_share(one: str, other: str) -> None:
    assert 0.0 <= prefix_similarity(one, other) == prefix_similarity(other, one) <= 1.0


def test_within_users_is_a_mean_over_users_with_several_texts() -> None:
    texts = {"u1": ["aa", "aa"], "u2": ["ab", "ac", "xx"], "u3": ["lonely"]}
    # u1: 1; u2: pairs 0.5, 0, 0; u3 has no pair.
    assert within_users(texts) == pytest.approx((1 + 0.5 / 3) / 2)


def test_openings_are_of_what_is_played() -> None:
    load = workload("shared_prefix", {"num_groups": 2, "num_prompts_per_group": 3, "num_users": 2})
    texts = openings(load, "r", 3)
    assert sorted(map(len, texts.values())) == [3, 3]
    assert within_users(texts) > 0.9
    assert across_users(texts, Random(0), 100) < 0.01


def test_regions_pair_requests_within_and_users_across() -> None:
    regions = [{"u1": ["aa", "aa"]}, {"u2": ["aa", "ab"]}]
    assert within_regions(regions, Random(0), 100) == pytest.approx(0.75)
    assert across_regions([{"u1": ["aa"]}, {"u2": ["ab"]}], Random(0), 10) == pytest.approx(0.5)


def test_across_users_never_pairs_a_user_with_itself() -> None:
    assert across_users({"u1": ["aa", "aa"], "u2": ["bb"], "u3": ["cc"]}, Random(0), 500) == 0.0
