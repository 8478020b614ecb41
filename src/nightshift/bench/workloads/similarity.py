"""Prefix similarity of requests: how much of one's beginning is the other's too.

Of two requests it is the length of the common prefix over the shorter length (arXiv 2505.24095, figure
5). Two turns of one conversation have 1 by construction, so that what says something, and what is
measured here, are pairs from different conversations.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, islice
from random import Random

from nightshift.bench.workloads.base import Workload


def prefix_similarity(one: str, other: str) -> float:
    """Return common prefix / shorter length, from 0 to 1 (an empty text shares nothing)."""
    shorter = min(len(one), len(other))
    if shorter == 0:
        return 0.0
    common = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    return common / shorter


def openings(workload: Workload, region: str, number: int) -> dict[str, list[str]]:
    """Return what the first `number` programs of each user of a region open with, by hash key.

    The messages of a program's first call, one after another; so any workload's data can be compared.
    """
    found: dict[str, list[str]] = {}
    for programs in workload.users(region):
        for program in islice(programs, number):
            said = "\n".join(message["content"] for message in program.first()[0].messages)
            found.setdefault(program.hash_key, []).append(said)
    return found


def within_users(texts: Mapping[str, Sequence[str]]) -> float:
    """Return the mean over users, of those with several texts, of the mean over pairs of their first 50."""
    means = []
    for own in texts.values():
        pairs = [prefix_similarity(one, other) for one, other in combinations(own[:50], 2)]
        if pairs:
            means.append(sum(pairs) / len(pairs))
    return sum(means) / len(means) if means else 0.0


def within_regions(
    regions: Sequence[Mapping[str, Sequence[str]]], rng: Random, samples: int = 20_000
) -> float:
    """Return the mean over `samples` random pairs of requests of one region, pairs of one user among them.

    `regions` has the texts by user of each region. All requests weigh the same, so that users who ask much
    weigh much.
    """
    flat = [[text for own in texts.values() for text in own] for texts in regions]
    total = sum(prefix_similarity(*rng.sample(flat[n % len(flat)], 2)) for n in range(samples))
    return total / samples


def across_regions(
    regions: Sequence[Mapping[str, Sequence[str]]], rng: Random, samples: int = 20_000
) -> float:
    """Return the mean over `samples` random pairs of users of different regions, one random text of each."""
    by_user = [list(texts.values()) for texts in regions]
    total = 0.0
    for _ in range(samples):
        one, other = (rng.choice(users) for users in rng.sample(by_user, 2))
        total += prefix_similarity(rng.choice(one), rng.choice(other))
    return total / samples


def across_users(texts: Mapping[str, Sequence[str]], rng: Random, samples: int = 20_000) -> float:
    """Return the mean over `samples` random pairs of different users, one random text of each."""
    users = list(texts)
    total = 0.0
    for _ in range(samples):
        one, other = rng.sample(users, 2)
        total += prefix_similarity(rng.choice(texts[one]), rng.choice(texts[other]))
    return total / samples
