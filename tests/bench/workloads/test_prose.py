"""Invariant: messages are words, start as asked, and have the length asked for to within a word."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.workloads.prose import message, with_another_end, zipf_choice
from nightshift.bench.workloads.vocabulary import FOLLOW_UPS, OPENINGS, PATTERNS, ROLES, TOPICS, Topic

KNOWN = {
    word.strip(".,:?").lower()
    for text in (*OPENINGS, *FOLLOW_UPS, *PATTERNS, *ROLES)
    for word in text.split()
} | {word for topic in TOPICS for words in (topic.nouns, topic.adjectives, topic.verbs) for word in words}
LONGEST = max(map(len, KNOWN)) + 2


@given(st.integers(0, 2**32), st.integers(1, 8000), st.sampled_from(OPENINGS), st.sampled_from(TOPICS))
def test_length_is_hit_to_within_a_word(seed: int, n_bytes: int, opening: str, topic: Topic) -> None:
    assert abs(len(message(Random(seed), topic, opening, n_bytes)) - n_bytes) <= LONGEST


@given(st.integers(0, 2**32), st.sampled_from(TOPICS))
def test_every_word_is_known(seed: int, topic: Topic) -> None:
    text = message(Random(seed), topic, OPENINGS[0], 2000)
    words = {word.strip(".,:?").lower() for word in text.split()}
    assert words <= KNOWN | {"an"}


def test_starts_with_the_words_of_its_opening() -> None:
    assert message(Random(1), TOPICS[0], "Compare the N with the N", 200).startswith("Compare the ")


def test_no_slot_is_left_open() -> None:
    text = message(Random(1), TOPICS[0], "Compare the N with the A N and V it", 5000)
    assert not {"N", "A", "V"} & set(text.replace(".", " ").split())


def test_same_seed_same_text() -> None:
    one, other = (message(Random("s"), TOPICS[3], OPENINGS[5], 700) for _ in range(2))
    assert one == other


@given(st.integers(0, 2**32), st.floats(0.0, 1.0))
def test_another_end_keeps_beginning_and_length(seed: int, keep: float) -> None:
    rng = Random(seed)
    text = message(rng, TOPICS[1], OPENINGS[2], 600)
    changed = with_another_end(rng, TOPICS[1], text, keep)
    kept = text.split()[: max(1, int(keep * len(text.split())))]
    assert changed.split()[: len(kept)] == kept
    assert abs(len(changed) - len(text)) <= LONGEST


def test_zipf_prefers_what_stands_first() -> None:
    rng = Random(0)
    counts = Counter(zipf_choice(rng, "abcd") for _ in range(20_000))
    # Weights 1, 1/2, 1/3, 1/4: the first has 12/25 of all.
    assert abs(counts["a"] / 20_000 - 12 / 25) < 0.02
    assert abs(counts["d"] / 20_000 - 3 / 25) < 0.02
