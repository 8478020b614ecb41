"""One contract for every policy, and what each does beyond it."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.balancing.candidates import Candidates, LoadIndex
from nightshift.balancing.messages import PromptKey, Request
from nightshift.balancing.policies import POLICIES, Policy, make_policy
from nightshift.balancing.switches import Imbalance, Switches
from nightshift.balancing.targets import Target
from nightshift.errors import UserError

NAMES = sorted(POLICIES)
TARGETS = {id_: Target(id_, slot, 1 << slot) for slot, id_ in enumerate("ABCDE")}
NAME_OF = dict(enumerate("ABCDE"))
loads = st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 100), min_size=1)


def make(name: str, *, imbalance: Imbalance | None = None, seed: int = 0) -> Policy:
    policy = make_policy(name, Switches(index_bytes=10**6), imbalance=imbalance, rng=Random(seed))
    for target in TARGETS.values():
        policy.arrived(target)
    return policy


def request(text: str = "hello there, who are you?", hash_key: str | None = None) -> Request:
    """Each letter of `text` fills a block of the prompt."""
    return Request("r", PromptKey.of("m", "".join(letter * 64 for letter in text).encode()), hash_key)


def offered(by_load: dict[str, int], rtt_s: dict[str, float] | None = None) -> Candidates:
    """Those of the targets that are named, with so many requests outstanding."""
    index, mask, at = LoadIndex(), 0, {}
    for id_, outstanding in by_load.items():
        target = replace(TARGETS[id_], outstanding=outstanding, rtt_s=(rtt_s or {}).get(id_, 0.0))
        index.enter(target.bit, outstanding)
        mask |= target.bit
        at[target.slot] = target
    return Candidates(mask, index, at.__getitem__)


def pick(policy: Policy, asked: Request, by_load: dict[str, int]) -> tuple[str, float, str]:
    slot, matched, reason = policy.pick(asked, offered(by_load)).facts()
    return NAME_OF[slot], matched, reason


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(loads, st.text("ab", max_size=6), st.none() | st.text(max_size=2)), max_size=12))
def test_contract(name: str, steps: list[tuple[dict[str, int], str, str | None]]) -> None:
    """Picks one of those offered; a share is from 0 to 1; same history and seed, same choices."""
    policy, twin = make(name), make(name)
    for by_load, text, hash_key in steps:
        asked, among = request(text, hash_key), offered(by_load)
        choice = policy.pick(asked, among)
        assert NAME_OF[choice.slot] in by_load
        assert 0 <= choice.matched <= 1
        assert choice == twin.pick(asked, among)
        best, share = policy.affinity(asked, among.mask)
        assert best is None or NAME_OF[best] in by_load
        assert 0 <= share <= 1
        scores = policy.scores(asked, among)
        assert not scores or {NAME_OF[slot] for slot in scores} == set(by_load)
        held = policy.held(asked, choice.slot)
        assert held is None or choice.matched in (0, held)
        for each in (policy, twin):
            each.placed(request(text, hash_key), choice.slot)


def test_round_robin_takes_turns() -> None:
    policy = make("round_robin")
    assert [pick(policy, request(), {"A": 9, "B": 0})[0] for _ in range(4)] == list("ABAB")


def test_least_load_breaks_ties_at_random() -> None:
    picks = {pick(make("least_load", seed=s), request(), {"A": 1, "B": 1, "C": 2})[0] for s in range(20)}
    assert picks == {"A", "B"}


def test_nearest_goes_by_round_trip_then_load() -> None:
    policy = make("nearest")
    among = offered({"A": 0, "B": 9, "C": 5}, {"A": 0.2, "B": 0.1, "C": 0.1})
    assert NAME_OF[policy.pick(request(), among).slot] == "C"


def test_consistent_hashing_follows_the_key_whatever_the_load() -> None:
    policy = make("consistent_hashing")
    owner = pick(policy, request(hash_key="me"), dict.fromkeys("ABCDE", 0))[0]
    busy = {id_: 1000 * (id_ == owner) for id_ in "ABCDE"}
    assert pick(policy, request("another text", hash_key="me"), busy)[0] == owner
    assert pick(policy, request(), {"A": 3, "B": 1})[0] == "B"


class TestPrefixTree:
    def test_follows_more_than_half_a_match_else_least_load(self) -> None:
        policy = make("prefix_tree")
        policy.placed(request("abcdef"), TARGETS["A"].slot)
        by_load = {"A": 5, "B": 0}
        assert pick(policy, request("abcdefghij"), by_load) == ("A", 0.6, "prefix")
        assert pick(policy, request("abcdefghijkl"), by_load) == ("B", 0.0, "least_load_no_prefix")

    def test_matches_among_the_available_only(self) -> None:
        policy = make("prefix_tree")
        policy.placed(request("abcdefgh"), TARGETS["A"].slot)
        policy.placed(request("abcdef"), TARGETS["B"].slot)
        assert pick(policy, request("abcdefgh"), {"B": 9, "C": 0}) == ("B", 0.75, "prefix")

    def test_several_holders_are_told_apart_by_load_then_at_random(self) -> None:
        for seed in range(10):
            policy = make("prefix_tree", seed=seed)
            for holder in "ABC":
                policy.placed(request("abcdef"), TARGETS[holder].slot)
            assert pick(policy, request("abcdef"), {"A": 2, "B": 1, "C": 2})[0] == "B"
        picks = set()
        for seed in range(20):
            policy = make("prefix_tree", seed=seed)
            policy.placed(request("abcdef"), TARGETS["A"].slot)
            policy.placed(request("abcdef"), TARGETS["B"].slot)
            picks.add(pick(policy, request("abcdef"), {"A": 1, "B": 1, "C": 0})[0])
        assert picks == {"A", "B"}

    def test_blind_push_checks_for_imbalance(self) -> None:
        policy = make("prefix_tree", imbalance=Imbalance(absolute=32, relative=1.0001))
        policy.placed(request("abcdef"), TARGETS["A"].slot)
        assert pick(policy, request("abcdef"), {"A": 32, "B": 0})[0] == "A"
        assert pick(policy, request("abcdef"), {"A": 33, "B": 0})[0] == "B"


def test_consistent_hashing_gives_the_keys_of_who_left_to_others_and_back() -> None:
    policy = make("consistent_hashing")
    everyone = dict.fromkeys("ABCDE", 0)
    keys = [str(number) for number in range(50)]
    before = {key: pick(policy, request(hash_key=key), everyone)[0] for key in keys}
    policy.left(TARGETS["A"])
    rest = dict.fromkeys("BCDE", 0)
    for key in keys:
        assert before[key] in ("A", pick(policy, request(hash_key=key), rest)[0])
    policy.arrived(TARGETS["A"])
    assert before == {key: pick(policy, request(hash_key=key), everyone)[0] for key in keys}


def test_a_prefix_is_forgotten_with_its_holder_and_not_its_successors() -> None:
    policy = make("prefix_tree")
    policy.placed(request("abcdef"), TARGETS["A"].slot)
    policy.left(TARGETS["A"])
    assert policy.held(request("abcdef"), TARGETS["A"].slot) == 0.0


def test_an_unknown_policy_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown policy 'best'; known are .*prefix_tree"):
        make_policy("best", Switches(), imbalance=None, rng=Random(0))
