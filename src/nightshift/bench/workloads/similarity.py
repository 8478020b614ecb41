"""Prefix similarity of requests: how much of one's beginning is the other's too.

Of two requests it is the length of the common prefix over the shorter length (arXiv 2505.24095, figure
5). Two turns of one conversation have 1 by construction, so that what says something, and what is
measured here, are pairs from different conversations.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random


def prefix_similarity(one: str, other: str) -> float:
    """Return common prefix / shorter length, from 0 to 1 (an empty text shares nothing)."""
    shorter = min(len(one), len(other))
    if shorter == 0:
        return 0.0
    common = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    return common / shorter


def within_users(texts: Mapping[str, Sequence[str]]) -> float:
    """Return the mean over users, of those with several texts, of the mean over pairs of their texts."""
    means = []
    for own in texts.values():
        pairs = [prefix_similarity(one, other) for one, other in combinations(own, 2)]
        if pairs:
            means.append(sum(pairs) / len(pairs))
    return sum(means) / len(means) if means else 0.0


def across_users(texts: Mapping[str, Sequence[str]], rng: Random, samples: int = 20_000) -> float:
    """Return the mean over `samples` random pairs of different users, one random text of each."""
    users = list(texts)
    total = 0.0
    for _ in range(samples):
        one, other = rng.sample(users, 2)
        total += prefix_similarity(rng.choice(texts[one]), rng.choice(texts[other]))
    return total / samples
