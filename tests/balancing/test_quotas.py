"""No window lets more through than its share and one bucket; debt ends; rest fills a bucket."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.quotas import MOST_DEBT_MINUTES, Bucket, Quota, Refusal, estimated_tokens

LIMITS = st.integers(1, 100_000)
STEPS = st.floats(0, 90)


def remaining(quota: Quota, now: float) -> list[int]:
    buckets = (quota.requests, quota.tokens)
    return [bucket.standing(now).remaining for bucket in buckets if bucket is not None]


@given(LIMITS, st.lists(STEPS, max_size=200))
def test_no_window_lets_more_requests_through(limit: int, steps: list[float]) -> None:
    quota = Quota(limit, None)
    now, admitted = 0.0, list[float]()
    for step in steps:
        now += step
        for _ in range(3):
            if quota.admit(now, 1) is None:
                admitted.append(now)
    for first, start in enumerate(admitted):
        for last in range(first, len(admitted)):
            minutes = (admitted[last] - start) / 60
            assert last - first + 1 <= limit * minutes + limit + 1e-6


@given(LIMITS, st.lists(st.tuples(STEPS, st.integers(1, 200_000), st.integers(0, 10**12)), max_size=60))
def test_no_window_lets_more_tokens_through(limit: int, events: list[tuple[float, int, int]]) -> None:
    """Whatever is reported at the end: what is charged net stays within the share, a bucket and the debt."""
    quota = Quota(None, limit)
    assert quota.tokens is not None
    now, net = 0.0, 0.0
    for step, estimate, actual in events:
        now += step
        if quota.admit(now, estimate) is None:
            net += min(estimate, limit)
            assert net <= limit * now / 60 + limit * (1 + MOST_DEBT_MINUTES) + 1e-3
            before = quota.tokens.left(now)
            quota.settle(now, estimate, actual)
            net += before - quota.tokens.left(now)
        assert -MOST_DEBT_MINUTES * limit * (1 + 1e-9) <= quota.tokens.left(now) <= limit


@given(LIMITS, st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_debt_ends_and_rest_fills(limit: int, answers: list[int]) -> None:
    quota = Quota(limit, limit)
    for actual in answers:
        quota.admit(0.0, 1)
        quota.settle(0.0, 1, actual)
    later = (MOST_DEBT_MINUTES + 1) * 60 + 1e-6
    assert remaining(quota, later) == [limit, limit]
    assert quota.admit(later, limit) is None


@given(LIMITS, st.lists(st.tuples(STEPS, st.integers(1, 200_000), st.integers(0, 300_000)), max_size=40))
def test_who_waits_as_told_is_admitted(limit: int, events: list[tuple[float, int, int]]) -> None:
    quota = Quota(limit, limit)
    now = 0.0
    for step, estimate, actual in events:
        now += step
        for _ in range(2):  # one limit may be waited for behind the other
            refusal = quota.admit(now, estimate)
            if refusal is None:
                break
            assert refusal.retry_after_s >= 1
            now += refusal.retry_after_s + 1e-6
        else:
            assert quota.admit(now, estimate) is None
        quota.settle(now, estimate, actual)


def test_a_refused_request_costs_nothing() -> None:
    quota = Quota(10, 100)
    assert quota.admit(0.0, 90) is None
    assert quota.admit(0.0, 50) == Refusal("tokens", 100, 24)
    assert remaining(quota, 0.0) == [9, 10]


def test_an_estimate_beyond_the_limit_passes_when_the_bucket_is_full() -> None:
    quota = Quota(None, 100)
    assert quota.admit(0.0, 5_000) is None
    assert quota.admit(0.0, 1) == Refusal("tokens", 100, 1)
    assert quota.admit(30.0, 5_000) == Refusal("tokens", 100, 30)
    assert quota.admit(60.0, 5_000) is None


def test_an_overestimate_is_given_back_and_an_underestimate_is_worked_off() -> None:
    quota = Quota(None, 600)
    assert quota.admit(0.0, 600) is None
    quota.settle(0.0, 600, 100)
    assert remaining(quota, 0.0) == [500]
    assert quota.admit(0.0, 100) is None
    quota.settle(0.0, 100, 700)  # 200 below zero
    assert remaining(quota, 0.0) == [0]
    assert quota.admit(0.0, 1) == Refusal("tokens", 600, 21)  # 20 s of debt, and a tenth for one token
    assert quota.admit(20.1 + 1e-9, 1) is None


def test_what_comes_back_late_does_not_overfill() -> None:
    quota = Quota(None, 60)
    assert quota.admit(0.0, 60) is None
    quota.settle(100.0, 60, 0)
    assert remaining(quota, 100.0) == [60]
    assert quota.admit(100.0, 60) is None
    assert isinstance(quota.admit(100.0, 1), Refusal)


def test_a_new_limit_gives_no_fresh_minute() -> None:
    quota = Quota(10, 600)
    for _ in range(10):
        assert quota.admit(0.0, 60) is None
    quota.change(0.0, 20, 6_000)
    assert remaining(quota, 0.0) == [10, 5_400]
    quota.settle(0.0, 60, 1_060)  # one that was admitted before
    assert remaining(quota, 0.0) == [10, 4_400]
    quota.change(0.0, 5, None)
    assert isinstance(quota.admit(0.0, 1), Refusal)
    quota.change(0.0, None, 600)
    assert remaining(quota, 0.0) == [600]


def test_without_limits_all_passes() -> None:
    quota = Quota(None, None)
    assert all(quota.admit(0.0, 10**9) is None for _ in range(10))
    quota.settle(0.0, 1, 10**9)
    assert remaining(quota, 0.0) == []


def test_a_clock_that_stands_still_or_steps_back_gives_nothing_away() -> None:
    bucket = Bucket(60)
    bucket.charge(100.0, 60)
    assert bucket.left(100.0) == 0
    assert bucket.left(90.0) <= 0


def test_an_estimate_is_a_quarter_of_the_bytes_and_never_nothing() -> None:
    assert [estimated_tokens(length) for length in (0, 3, 4, 4_000)] == [1, 1, 2, 1_001]
