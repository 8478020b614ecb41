"""What an engine is asked so that the terms of its step time can be told apart. Pure.

A step of the model takes `base + prefill_token P + prefill_pair Q + kv_token K + sequence B`, see
`engine/profiles.py`. Prompts of several lengths, one at a time, tell the prefill terms by the time to the
first token; the gaps between the tokens that follow tell base and `kv_token`; answers that run side by side
tell `sequence`. Every prompt begins with a word of its own, so that nothing of it is cached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from nightshift.bench.workloads.prose import message
from nightshift.bench.workloads.vocabulary import PATTERNS, TOPICS
from nightshift.engine.chat import render_chat
from nightshift.engine.tokens import BYTES_PER_TOKEN, token_count

ANSWER_TOKENS = 32
"""Of each answer: enough gaps for a mean, too few to change the length of the context by much."""
_LENGTHS = (0.03, 0.1, 0.25, 0.45, 0.7)
"""Prompt lengths as shares of what a request may have."""
_SIDE_BY_SIDE = (0.05, 0.3)


@dataclass(frozen=True, slots=True)
class Probe:
    """`streams` answers begun together, each to a prompt of about `prompt_tokens` tokens of the model."""

    prompt_tokens: int
    streams: int
    answer_tokens: int = ANSWER_TOKENS


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer as it came. Times in seconds of one clock; tokens of the prompt are those of the model."""

    prompt_tokens: int
    told_prompt_tokens: int | None
    """As the engine counts them."""
    cached_tokens: int | None
    sent: float
    pieces: tuple[float, ...]
    """When each piece of content came."""
    tokens: int
    """Of the answer, as the engine counts them."""


def ladder(*, context_tokens: int, slots: int, repeat: int, rng: Random) -> list[Probe]:
    """Return what to ask an engine that takes `slots` requests at once, of `context_tokens` each.

    The order is random, so that a machine that grows slower meanwhile does not look like a term of the model.
    """
    room = context_tokens - ANSWER_TOKENS
    probes = [Probe(max(24, round(share * room)), 1) for share in _LENGTHS]
    for streams in sorted({2, slots} - {1}):
        if streams <= slots:
            probes += [Probe(max(24, round(share * room)), streams) for share in _SIDE_BY_SIDE]
    probes *= repeat
    rng.shuffle(probes)
    return probes


def prompt_text(rng: Random, prompt_tokens: int) -> str:
    """Return a message which, as a chat of its own, has about so many tokens of the model."""
    nonce = f"{rng.getrandbits(40):010x} "
    around = len(render_chat([("user", nonce)]))
    wanted_bytes = max(1, prompt_tokens * BYTES_PER_TOKEN - around)
    return nonce + message(rng, rng.choice(TOPICS), rng.choice(PATTERNS), wanted_bytes)


def model_tokens(messages: Sequence[tuple[str, str]]) -> int:
    """Return how long the model takes a chat of these (role, content) pairs to be."""
    return token_count(render_chat(messages))
