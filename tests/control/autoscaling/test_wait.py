"""Waits in queues from histograms of balancers."""

import math

import pytest

from nightshift.control.autoscaling.wait import QueueWait, WaitReading


def reading(waits: list[float], bounds: tuple[float, ...] = (1.0, 5.0, 10.0)) -> WaitReading:
    buckets = {bound: sum(wait <= bound for wait in waits) for bound in (*bounds, math.inf)}
    return WaitReading(sum(waits), len(waits), {k: float(v) for k, v in buckets.items()})


def test_only_the_last_minute_counts() -> None:
    wait = QueueWait()
    assert wait.mean_s(0) is None
    assert wait.quantile_s(0) is None
    old = [9.0] * 100
    wait.read(0, "b1", reading(old))
    assert wait.mean_s(0) is None
    wait.read(60, "b1", reading([*old, 1.0, 3.0]))
    assert wait.mean_s(60) == pytest.approx(2)
    wait.read(120, "b1", reading([*old, 1.0, 3.0]))
    assert wait.mean_s(120) is None
    wait.forget("b1")
    assert wait.mean_s(60) is None


def test_quantiles_over_two_balancers() -> None:
    wait = QueueWait()
    for balancer in ("b1", "b2"):
        wait.read(0, balancer, reading([]))
    wait.read(60, "b1", reading([0.5] * 8))
    wait.read(60, "b2", reading([4.0] * 2))
    assert wait.quantile_s(60, 0.8) == pytest.approx(1.0)
    assert wait.quantile_s(60, 0.9) == pytest.approx(3.0)
    assert wait.quantile_s(60, 0.4) == pytest.approx(0.5)
    assert wait.quantile_s(60, 0.0) == 0.0
    assert wait.mean_s(60) == pytest.approx(1.2)


def test_beyond_the_last_bound_and_other_bounds() -> None:
    wait = QueueWait()
    wait.read(0, "b1", reading([]))
    wait.read(60, "b1", reading([99.0]))
    assert wait.quantile_s(60) == 10.0
    wait.read(80, "b1", reading([99.0], bounds=(2.0,)))
    assert wait.quantile_s(80) is None, "a balancer of another version: counting begins"


def test_a_restart_is_no_negative_wait() -> None:
    wait = QueueWait()
    wait.read(0, "b1", reading([7.0] * 50))
    wait.read(60, "b1", reading([2.0]))
    assert wait.mean_s(60) == pytest.approx(2)
