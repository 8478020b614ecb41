"""From a prompt to what the engine will do with it."""

from nightshift.engine.request import make_request


def test_max_tokens_cuts_and_the_reason_says_so() -> None:
    free = make_request("r", b"hello", max_tokens=10_000)
    assert free.answer_tokens < 10_000
    assert free.finish_reason == "stop"
    cut = make_request("r", b"hello", max_tokens=free.answer_tokens - 1)
    assert (cut.answer_tokens, cut.finish_reason) == (free.answer_tokens - 1, "length")


def test_ignore_eos_gives_exactly_what_was_asked() -> None:
    assert make_request("r", b"hello", max_tokens=3000, ignore_eos=True).answer_tokens == 3000


def test_tokens_are_rounded_up() -> None:
    assert [make_request("r", b"x" * n, max_tokens=1).prompt_tokens for n in (1, 4, 5)] == [1, 1, 2]


def test_the_seed_changes_the_answer() -> None:
    first, other = (make_request("r", b"hello", max_tokens=50, ignore_eos=True, seed=seed) for seed in (1, 2))
    assert first.answer != other.answer
