"""Growth is that of the first prompts, and of the later half."""

from dataclasses import replace
from pathlib import Path

from nightshift.bench.proxy.contestants import find_contestants
from nightshift.bench.proxy.memory import SMALL, SMALL_BUDGET, Filled, Sample, _todo, sampled
from nightshift.bench.proxy.plan import Plan


def filled(*megabytes: float) -> Filled:
    samples = tuple(Sample(n * 100_000, int(mb * 1e6)) for n, mb in enumerate(megabytes))
    return Filled("x", samples)


def test_growth_up_to_a_bound() -> None:
    one = filled(50, 60, 70, 75, 76, 75, 75, 75)
    assert one.growth_before == 100.0
    assert one.growth_late < 0
    assert one.growth_bytes == 26_000_000


def test_growth_without_a_bound() -> None:
    one = filled(50, 60, 70, 80)
    assert (one.growth_before, one.growth_late) == (100.0, 100.0)


def test_few_prompts_are_halved() -> None:
    one = Filled("x", (Sample(0, 0), Sample(10, 1_000), Sample(20, 1_500)))
    assert (one.growth_before, one.growth_late) == (100.0, 50.0)


def test_a_bound_that_was_not_reached_by_half_says_nothing_of_what_is_behind_it() -> None:
    one = filled(50, 60, 70, 71, 71)
    assert not one.full_by_half  # no budget is known
    assert replace(one, budget_bytes=25_000_000).full_by_half
    assert not replace(one, budget_bytes=50_000_000).full_by_half


def test_samples_at_marks() -> None:
    samples = [{"prompts": 0, "rss_bytes": 1}, {"prompts": 5, "rss_bytes": 2}]
    assert sampled(samples, [0, 3, 5]) == [samples[0], None, samples[1]]


def test_ours_comes_twice_and_only_those_with_an_index_take_part() -> None:
    plan = Plan(
        *(("memory",), (), find_contestants(None), 1, 0.1, 0, 1_000, 10),
        *(Path("venv"), Path("output")),
    )
    todo = [(contestant.id, prompts, budget) for contestant, prompts, budget in _todo(plan)]
    assert todo[:2] == [("nightshift", 1_000, 256 * 2**20), (SMALL, 1_000, SMALL_BUDGET)]
    assert todo[2:] == [("sglang-router", 300, None), ("smg", 300, None), ("vllm-router", 300, None)]
