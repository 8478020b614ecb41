"""Synthetic multi-turn conversations of one region, with the statistics of a published data set.

The text is synthetic (`prose.py`); turns, lengths, users and sharing follow `published.py`. Prefixes
are shared between conversations for the two reasons that LMArena found when it looked for duplicates
("How many user prompts are new?", 2025): greetings and well-known questions that anybody asks, and the
same user who asks the same again. To these comes that sentences begin alike. How often each happens was
set so that the similarities come out as published; the tests measure them.

Each user of the data set has a random generator of its own, seeded with seed, region and number: more
conversations add users, and change nothing of those that were there; two regions share no user.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from nightshift.bench.workloads.prose import message, with_another_end, zipf_choice
from nightshift.bench.workloads.published import (
    MAX_PROMPT_TOKENS,
    ChatStatistics,
    conversations_of_one_user,
    tokens,
    turns,
)
from nightshift.bench.workloads.vocabulary import (
    FOLLOW_UPS,
    OPENINGS,
    POPULAR,
    ROLES,
    SHORT_FOLLOW_UPS,
    TOPICS,
    Topic,
)

BYTES_PER_TOKEN = 4

_OPENING_EXPONENT = 1.6
"""How much the commonest ways to begin prevail (Zipf)."""
_SHORT_TOKENS = 12
_POPULAR_SHARE = 0.4
"""Of the first messages of up to `_SHORT_TOKENS`, the share that are one of `POPULAR`."""
_SHORT_FOLLOW_UP_TOKENS = 4
_LONG_TOKENS = 60
_ROLE_SHARE = 0.4
"""Of the first messages of `_LONG_TOKENS` and more, the share that begin with one of `ROLES`."""
_REPEAT_SHARE = 0.21
"""Of a user's later conversations, the share that begin as an earlier one of the same user did."""
_REPEAT_WHOLE = 0.5
"""Of those, the share that repeat the whole message; the others keep half or more of it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user says, and how long the data set's answer to it was, in tokens."""

    text: str
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of one user of the data set; the answers come from the system under test."""

    id: str
    user: str
    turns: tuple[Turn, ...]


def conversations(
    *, seed: str, region: str, number: int, statistics: ChatStatistics, max_answer_tokens: int
) -> list[Conversation]:
    """Return the first `number` conversations of a region, those of each user together."""
    found: list[Conversation] = []
    for user in count():
        rng = Random(f"{seed}/{region}/{user}")
        for conversation in _of_user(rng, f"{region}-u{user}", statistics, max_answer_tokens):
            if len(found) == number:
                return found
            found.append(conversation)
    raise AssertionError("count() does not end")


def group_by_simulated_user(
    all_conversations: Sequence[Conversation], num_users: int
) -> list[list[Conversation]]:
    """Share the data set's users out among `num_users` simulated ones, each user whole.

    As the original did: those with most conversations first, each to the simulated user that has fewest
    so far. A simulated user plays one user of the data set after another. A group is empty where the data
    set has too few users.
    """
    by_user: dict[str, list[Conversation]] = {}
    for conversation in all_conversations:
        by_user.setdefault(conversation.user, []).append(conversation)
    groups: list[list[Conversation]] = [[] for _ in range(num_users)]
    for own in sorted(by_user.values(), key=len, reverse=True):
        min(groups, key=len).extend(own)
    return groups


def _of_user(
    rng: Random, user: str, statistics: ChatStatistics, max_answer_tokens: int
) -> Iterator[Conversation]:
    firsts: list[tuple[Topic, str]] = []
    for number in range(conversations_of_one_user(rng, statistics)):
        topic, first = _first_message(rng, firsts, statistics)
        firsts.append((topic, first))
        texts = [first] + [_follow_up(rng, topic, statistics) for _ in range(turns(rng, statistics) - 1)]
        yield Conversation(
            id=f"{user}-c{number}",
            user=user,
            turns=tuple(Turn(text, _answer_tokens(rng, statistics, max_answer_tokens)) for text in texts),
        )


def _first_message(
    rng: Random, earlier: Sequence[tuple[Topic, str]], statistics: ChatStatistics
) -> tuple[Topic, str]:
    if earlier and rng.random() < _REPEAT_SHARE:
        topic, text = rng.choice(earlier)
        if rng.random() < _REPEAT_WHOLE:
            return topic, text
        return topic, with_another_end(rng, topic, text, keep=rng.uniform(0.5, 1.0))
    topic = zipf_choice(rng, TOPICS)
    wanted = _prompt_tokens(rng, statistics)
    if wanted <= _SHORT_TOKENS and rng.random() < _POPULAR_SHARE:
        return topic, zipf_choice(rng, POPULAR)
    takes_role = wanted >= _LONG_TOKENS and rng.random() < _ROLE_SHARE
    opening = zipf_choice(rng, ROLES) if takes_role else zipf_choice(rng, OPENINGS, _OPENING_EXPONENT)
    return topic, message(rng, topic, opening, wanted * BYTES_PER_TOKEN)


def _follow_up(rng: Random, topic: Topic, statistics: ChatStatistics) -> str:
    wanted = _prompt_tokens(rng, statistics)
    if wanted <= _SHORT_FOLLOW_UP_TOKENS:
        return zipf_choice(rng, SHORT_FOLLOW_UPS)
    return message(rng, topic, zipf_choice(rng, FOLLOW_UPS), wanted * BYTES_PER_TOKEN)


def _prompt_tokens(rng: Random, statistics: ChatStatistics) -> int:
    return tokens(rng, statistics.prompt_tokens_mean, statistics.prompt_sigma, MAX_PROMPT_TOKENS)


def _answer_tokens(rng: Random, statistics: ChatStatistics, max_answer_tokens: int) -> int:
    return tokens(rng, statistics.answer_tokens_mean, statistics.answer_sigma, max_answer_tokens)
