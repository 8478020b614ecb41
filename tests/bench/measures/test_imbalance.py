"""Most loaded over least loaded, from samples."""

from typing import Any

import pytest

from nightshift.bench.measures import Window
from nightshift.bench.measures.imbalance import imbalance

WINDOW = Window(warmup_s=10.0, end_s=100.0)


def sample(t: float, **outstanding: int | None) -> dict[str, Any]:
    """One replica for each name `<region>_<number>`; None: it did not answer what is running."""
    replicas = {
        name: {"region": name.split("_")[0], "running": load, "pending": 0}
        for name, load in outstanding.items()
    }
    return {"t": t, "replicas": replicas, "balancers": {}}


def test_ratio_at_each_sample() -> None:
    found = imbalance([sample(10, us_0=8, us_1=2), sample(20, us_0=3, us_1=6)], WINDOW)
    assert found.imbalance is not None
    assert found.imbalance.mean == pytest.approx((4 + 2) / 2)
    assert found.imbalance_of_means == pytest.approx(5.5 / 4)


def test_an_idle_replica_counts_as_one() -> None:
    found = imbalance([sample(20, us_0=5, us_1=0)], WINDOW)
    assert found.imbalance is not None
    assert found.imbalance.mean == 5.0
    assert found.imbalance_of_means is None  # nothing to divide by over the whole window


def test_waiting_inside_the_replica_is_outstanding_too() -> None:
    one = {
        "t": 20,
        "replicas": {"a": {"region": "us", "running": 2, "pending": 4}, "b": {"region": "us", "running": 2}},
    }
    found = imbalance([one], WINDOW)
    assert found.imbalance is not None
    assert found.imbalance.mean == 3.0


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [sample(20, us_0=5)],
        [sample(20, us_0=0, us_1=0)],
        [sample(9, us_0=5, us_1=1), sample(101, us_0=5, us_1=1)],
        [{"t": 20}],
    ],
    ids=["none", "one replica", "nothing to do", "outside the window", "nobody answered"],
)
def test_what_says_nothing_is_none(samples: list[dict[str, Any]]) -> None:
    assert imbalance(samples, WINDOW).imbalance is None


def test_a_region_is_of_its_own_replicas() -> None:
    samples = [sample(20, us_0=8, us_1=4, ap_0=1)]
    assert imbalance(samples, WINDOW).imbalance != imbalance(samples, WINDOW, "us").imbalance
    found = imbalance(samples, WINDOW, "us").imbalance
    assert found is not None
    assert found.mean == 2.0
    assert imbalance(samples, WINDOW, "ap").imbalance is None
