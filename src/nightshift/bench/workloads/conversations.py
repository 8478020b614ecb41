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
from functools import lru_cache
from itertools import count, islice
from random import Random

from nightshift.bench.workloads.prose import message, with_another_end, zipf_choice
from nightshift.bench.workloads.published import (
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

_SHORT_TOKENS = 12
"""First messages of up to so many tokens may be one of `POPULAR` (`Sharing.popular`)."""
_SHORT_FOLLOW_UP_TOKENS = 4
_TEMPLATE_TOKENS = 150
"""How long the messages of a heavy user are (`Sharing.heavy_user`)."""
_LONG_TOKENS = 60
"""First messages of so many tokens and more may begin with one of `ROLES` (`Sharing.role`)."""


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
    at_s: float | None = None
    """When it began, in seconds of Unix time, if the data set says so."""
    country: str | None = None
    """Where its user was, if the data set says so."""


def conversations(
    *, seed: str, region: str, number: int, statistics: ChatStatistics, max_answer_tokens: int
) -> list[Conversation]:
    """Return the first `number` conversations of a region, those of each user together."""
    return list(_made(seed, region, number, statistics, max_answer_tokens))


@lru_cache(maxsize=8)  # systems that are compared ask the same, and so do a check beforehand and the run
def _made(
    seed: str, region: str, number: int, statistics: ChatStatistics, max_answer_tokens: int
) -> Sequence[Conversation]:
    heavy = round(number * statistics.sharing.heavy_user)
    rng = Random(f"{seed}/{region}/heavy")
    found = list(islice(_of_heavy_user(rng, heavy_user(region), statistics, max_answer_tokens), heavy))
    for user in count():
        rng = Random(f"{seed}/{region}/{user}")
        for conversation in _of_user(rng, f"{region}-u{user}", statistics, max_answer_tokens):
            if len(found) == number:
                return found
            found.append(conversation)
    raise AssertionError("count() does not end")


def heavy_user(region: str) -> str:
    """Return who has a large share of a region's conversations (`Sharing.heavy_user`)."""
    return f"{region}-heavy"


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
        yield _conversation(rng, (f"{user}-c{number}", user), (topic, first), statistics, max_answer_tokens)


def _of_heavy_user(
    rng: Random, user: str, statistics: ChatStatistics, max_answer_tokens: int
) -> Iterator[Conversation]:
    """Yield conversations without end of a user who sends a template that ends otherwise each time."""
    topic = zipf_choice(rng, TOPICS)
    template = message(rng, topic, rng.choice(ROLES), _TEMPLATE_TOKENS * BYTES_PER_TOKEN)
    for number in count():
        first = with_another_end(rng, topic, template, keep=statistics.sharing.template)
        yield _conversation(rng, (f"{user}-c{number}", user), (topic, first), statistics, max_answer_tokens)


def _conversation(
    rng: Random,
    name: tuple[str, str],
    opening: tuple[Topic, str],
    statistics: ChatStatistics,
    max_answer_tokens: int,
) -> Conversation:
    """Return a conversation with this id and user, that begins with this topic and text."""
    topic, first = opening
    texts = [first] + [_follow_up(rng, topic, statistics) for _ in range(turns(rng, statistics) - 1)]
    return Conversation(
        id=name[0],
        user=name[1],
        turns=tuple(Turn(text, _answer_tokens(rng, statistics, max_answer_tokens)) for text in texts),
    )


def _first_message(
    rng: Random, earlier: Sequence[tuple[Topic, str]], statistics: ChatStatistics
) -> tuple[Topic, str]:
    sharing = statistics.sharing
    if earlier and rng.random() < sharing.repeat:
        topic, text = rng.choice(earlier)
        if rng.random() < sharing.repeat_whole:
            return topic, text
        return topic, with_another_end(rng, topic, text, keep=rng.uniform(0.5, 1.0))
    topic = zipf_choice(rng, TOPICS)
    wanted = _prompt_tokens(rng, statistics)
    if wanted <= _SHORT_TOKENS and rng.random() < sharing.popular:
        return topic, zipf_choice(rng, POPULAR)
    takes_role = wanted >= _LONG_TOKENS and rng.random() < sharing.role
    opening = zipf_choice(rng, ROLES) if takes_role else zipf_choice(rng, OPENINGS, sharing.opening_exponent)
    return topic, message(rng, topic, opening, wanted * BYTES_PER_TOKEN)


def _follow_up(rng: Random, topic: Topic, statistics: ChatStatistics) -> str:
    wanted = _prompt_tokens(rng, statistics)
    if wanted <= _SHORT_FOLLOW_UP_TOKENS:
        return zipf_choice(rng, SHORT_FOLLOW_UPS)
    return message(rng, topic, zipf_choice(rng, FOLLOW_UPS), wanted * BYTES_PER_TOKEN)


def _prompt_tokens(rng: Random, statistics: ChatStatistics) -> int:
    return tokens(rng, statistics.prompt_tokens_mean, statistics.prompt_sigma, statistics.prompt_tokens_most)


def _answer_tokens(rng: Random, statistics: ChatStatistics, max_answer_tokens: int) -> int:
    most = statistics.answer_tokens_most or max_answer_tokens
    drawn = tokens(rng, statistics.answer_tokens_mean, statistics.answer_sigma, most)
    return min(drawn, max_answer_tokens)
