"""Synthetic chat messages: words in English-looking sentences, of a length that the caller sets.

A message is an opening, then sentences from `vocabulary.PATTERNS` filled with the words of one topic.
Words within a list are drawn with Zipf weights (rank^-1), as words are in any language, so that texts
share beginnings and words the way that texts do. Length is in bytes, hit to within half a word, because
a token of the emulated engines is four bytes.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from random import Random
from typing import TypeVar

from nightshift.bench.workloads.vocabulary import PATTERNS, Topic

T = TypeVar("T")


@lru_cache(maxsize=128)
def _zipf_weights(n: int, exponent: float) -> tuple[float, ...]:
    return tuple(accumulate(rank**-exponent for rank in range(1, n + 1)))


def zipf_choice(rng: Random, items: Sequence[T], exponent: float = 1.0) -> T:
    """Draw one of `items`; the one of rank r weighs r^-exponent."""
    weights = _zipf_weights(len(items), exponent)
    # What `rng.choices` draws, without its lists: most of the time that conversations take to make.
    return items[bisect(weights, rng.random() * weights[-1], 0, len(items) - 1)]


def message(rng: Random, topic: Topic, opening: str, n_bytes: int) -> str:
    """Return a message of about `n_bytes` that starts as the pattern `opening`, cut where that is longer."""
    return _join(_sentences(rng, topic, opening), n_bytes)


def with_another_end(rng: Random, topic: Topic, text: str, keep: float) -> str:
    """Return `text` with only its first share `keep` of words, and as much new text instead of the rest."""
    words = text.split()
    kept = words[: max(1, int(keep * len(words)))]
    return _join(chain(kept, _sentences(rng, topic, rng.choice(PATTERNS))), len(text))


def _sentences(rng: Random, topic: Topic, first: str) -> Iterator[str]:
    """Yield words without end: the pattern `first`, filled, then others."""
    pattern = first
    while True:
        yield from _fill(rng, topic, pattern)
        pattern = rng.choice(PATTERNS)


def _fill(rng: Random, topic: Topic, pattern: str) -> list[str]:
    slots = {"N": topic.nouns, "A": topic.adjectives, "V": topic.verbs}
    words = [zipf_choice(rng, slots[word]) if word in slots else word for word in pattern.split()]
    for index, word in enumerate(words[1:], start=1):
        if words[index - 1] == "a" and word[0] in "aeiou":
            words[index - 1] = "an"
    words[0] = words[0][0].upper() + words[0][1:]
    words[-1] += "."
    return words


def _join(words: Iterator[str], n_bytes: int) -> str:
    """Join words up to the boundary that is nearest to `n_bytes`; at least one word."""
    parts = [next(words)]
    length = len(parts[0])
    for word in words:
        longer = length + 1 + len(word)
        if longer - n_bytes > n_bytes - length:
            break
        parts.append(word)
        length = longer
    return " ".join(parts)
