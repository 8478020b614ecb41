"""One contract for every policy, and what each does beyond it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.messages import PromptKey, Request
from nightshift.balancing.policies import POLICIES, Policy, make_policy
from nightshift.balancing.switches import Imbalance, Switches
from nightshift.balancing.targets import Target
from nightshift.errors import UserError

NAMES = sorted(POLICIES)
loads = st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 100), min_size=1)


def make(name: str, *, imbalance: Imbalance | None = None, seed: int = 0) -> Policy:
    policy = make_policy(name, Switches(index_bytes=10**6), imbalance=imbalance, rng=Random(seed))
    policy.targets_changed("ABCDE")
    return policy


def request(text: str = "hello there, who are you?", hash_key: str | None = None) -> Request:
    """Each letter of `text` fills a block of the prompt."""
    return Request("r", PromptKey.of("m", "".join(letter * 64 for letter in text).encode()), hash_key)


def targets(by_load: dict[str, int]) -> list[Target]:
    return [Target(id_, outstanding=outstanding) for id_, outstanding in by_load.items()]


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(st.tuples(loads, st.text("ab", max_size=6), st.none() | st.text(max_size=2)), max_size=12))
def test_contract(name: str, steps: list[tuple[dict[str, int], str, str | None]]) -> None:
    """Picks one of those offered; a share is from 0 to 1; same history and seed, same choices."""
    policy, twin = make(name), make(name)
    for by_load, text, hash_key in steps:
        choice = policy.pick(request(text, hash_key), targets(by_load))
        assert choice.target in by_load
        assert 0 <= choice.matched <= 1
        assert choice == twin.pick(request(text, hash_key), targets(by_load))
        best, share = policy.affinity(request(text, hash_key), list(by_load))
        assert best is None or best in by_load
        assert 0 <= share <= 1
        for each in (policy, twin):
            each.placed(request(text, hash_key), choice.target)


def test_round_robin_takes_turns() -> None:
    policy = make("round_robin")
    assert [policy.pick(request(), targets({"A": 9, "B": 0})).target for _ in range(4)] == list("ABAB")


def test_least_load_breaks_ties_at_random() -> None:
    picks = {
        make("least_load", seed=s).pick(request(), targets({"A": 1, "B": 1, "C": 2})).target
        for s in range(20)
    }
    assert picks == {"A", "B"}


def test_nearest_goes_by_round_trip_then_load() -> None:
    policy = make("nearest")
    assert (
        policy.pick(
            request(),
            [
                Target(id_, outstanding=load, rtt_s=rtt_s)
                for id_, load, rtt_s in (("A", 0, 0.2), ("B", 9, 0.1), ("C", 5, 0.1))
            ],
        ).target
        == "C"
    )


def test_consistent_hashing_follows_the_key_whatever_the_load() -> None:
    policy = make("consistent_hashing")
    owner = policy.pick(request(hash_key="me"), targets(dict.fromkeys("ABCDE", 0))).target
    busy = targets({id_: 1000 * (id_ == owner) for id_ in "ABCDE"})
    assert policy.pick(request("another text", hash_key="me"), busy).target == owner
    assert policy.pick(request(), targets({"A": 3, "B": 1})).target == "B"


class TestPrefixTree:
    def test_follows_more_than_half_a_match_else_least_load(self) -> None:
        policy = make("prefix_tree")
        policy.placed(request("abcdef"), "A")
        offered = targets({"A": 5, "B": 0})
        assert policy.pick(request("abcdefghij"), offered) == ("A", 0.6, "prefix")
        assert policy.pick(request("abcdefghijkl"), offered) == ("B", 0.0, "least_load_no_prefix")

    def test_matches_among_the_available_only(self) -> None:
        policy = make("prefix_tree")
        policy.placed(request("abcdefgh"), "A")
        policy.placed(request("abcdef"), "B")
        assert policy.pick(request("abcdefgh"), targets({"B": 9, "C": 0})) == ("B", 0.75, "prefix")

    def test_several_holders_are_told_apart_by_load_then_at_random(self) -> None:
        for seed in range(10):
            policy = make("prefix_tree", seed=seed)
            for holder in "ABC":
                policy.placed(request("abcdef"), holder)
            assert policy.pick(request("abcdef"), targets({"A": 2, "B": 1, "C": 2})).target == "B"
        picks = set()
        for seed in range(20):
            policy = make("prefix_tree", seed=seed)
            policy.placed(request("abcdef"), "A")
            policy.placed(request("abcdef"), "B")
            picks.add(policy.pick(request("abcdef"), targets({"A": 1, "B": 1, "C": 0})).target)
        assert picks == {"A", "B"}

    def test_blind_push_checks_for_imbalance(self) -> None:
        policy = make("prefix_tree", imbalance=Imbalance(absolute=32, relative=1.0001))
        policy.placed(request("abcdef"), "A")
        assert policy.pick(request("abcdef"), targets({"A": 32, "B": 0})).target == "A"
        assert policy.pick(request("abcdef"), targets({"A": 33, "B": 0})).target == "B"


def test_an_unknown_policy_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown policy 'best'; known are .*prefix_tree"):
        make_policy("best", Switches(), imbalance=None, rng=Random(0))
