"""Filler has the length asked for and depends on its key alone."""

from nightshift.bench.workloads.filler import filler
from nightshift.engine.tokens import token_count


def test_length_is_exact() -> None:
    for tokens in (0, 1, 511, 2048):
        assert token_count(filler("k", tokens).encode()) == tokens
        assert len(filler("k", tokens)) == 4 * tokens


def test_same_key_same_text_longer_begins_with_shorter() -> None:
    assert filler("k", 100).startswith(filler("k", 40))
    assert filler("k", 100)[:12] != filler("l", 100)[:12]
