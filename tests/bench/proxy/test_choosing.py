"""The driver decides with the real core; what grows is found."""

import pytest

from nightshift.bench.proxy.choosing import WAYS, cost_us, growth, key_us


@pytest.mark.parametrize(("policy", "prompts"), WAYS)
def test_every_way_decides(policy: str, prompts: str) -> None:
    assert cost_us(policy, 3, 100, cold=prompts == "cold", batches=1) > 0


def test_a_key_takes_time() -> None:
    assert key_us(100, batches=1) > 0


def test_growth_is_that_of_the_last_step() -> None:
    rows = [{"replicas": n, "us": us, "policy": "p"} for n, us in ((100, 20.0), (1, 10.0), (1_000, 30.0))]
    assert growth(rows, lambda row: row["policy"] == "p", "replicas") == 1.5
    assert growth(rows, lambda row: row["replicas"] == 1, "replicas") is None
