"""The distributions have the published means."""

from random import Random
from statistics import fmean

import pytest

from nightshift.bench.workloads.published import (
    ARENA,
    LMSYS_CHAT_1M,
    MAX_CONVERSATIONS_PER_USER,
    ChatStatistics,
    conversations_of_one_user,
    tokens,
    turns,
)

DRAWS = 40_000


def test_arena_is_the_row_of_the_table() -> None:
    assert (ARENA.prompt_tokens_mean, ARENA.answer_tokens_mean, ARENA.turns_mean) == (52.3, 189.5, 1.2)
    assert ARENA.multi_turn_mean == pytest.approx(2.2)
    assert ARENA.chance_to_go_on == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("mean", "sigma", "limit"), [(52.3, 1.3, 2048), (189.5, 0.9, 512), (214.5, 0.9, 512), (20.0, 0.5, 100)]
)
def test_lengths_have_their_mean_after_the_cut(mean: float, sigma: float, limit: int) -> None:
    rng = Random(1)
    drawn = [tokens(rng, mean, sigma, limit) for _ in range(DRAWS)]
    assert fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert min(drawn) >= 1
    assert max(drawn) <= limit


@pytest.mark.parametrize("statistics", [ARENA, LMSYS_CHAT_1M])
def test_multi_turn_conversations_have_one_turn_more_in_the_mean(statistics: ChatStatistics) -> None:
    rng = Random(2)
    drawn = [turns(rng, statistics) for _ in range(DRAWS)]
    assert min(drawn) == 2
    assert fmean(drawn) == pytest.approx(1 + statistics.turns_mean, rel=0.02)


@pytest.mark.parametrize("statistics", [ARENA, LMSYS_CHAT_1M])
def test_users_have_as_many_conversations_as_published(statistics: ChatStatistics) -> None:
    rng = Random(3)
    drawn = [conversations_of_one_user(rng, statistics) for _ in range(DRAWS)]
    assert fmean(drawn) == pytest.approx(statistics.conversations_per_user_mean, rel=0.03)
    assert 1 <= min(drawn) <= max(drawn) <= MAX_CONVERSATIONS_PER_USER
