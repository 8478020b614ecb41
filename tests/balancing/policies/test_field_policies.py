"""The rules that come from other projects: what each promises, beyond the contract of all policies."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.balancing.candidates import Candidates, LoadIndex
from nightshift.balancing.messages import PeerReport, PromptKey, ReplicaReport, Request
from nightshift.balancing.policies import Policy, make_policy
from nightshift.balancing.policies.power_of_two import PowerOfTwo
from nightshift.balancing.switches import BoundedLoad, Cost, Switches, Weights
from nightshift.balancing.targets import Peer, Replica, Target

IDLE = ReplicaReport(pending=0, running=0, kv_use=0.0)
few_loads = st.lists(st.integers(0, 30), min_size=1, max_size=8)


class Fleet:
    """Replicas A, B, C, ... with so many requests each, and a policy that knows them."""

    def __init__(self, name: str, loads: list[int], switches: Switches | None = None, seed: int = 0) -> None:
        self.replicas = [
            Replica(chr(ord("A") + slot), slot, 1 << slot, outstanding=load, report=IDLE)
            for slot, load in enumerate(loads)
        ]
        self.index = LoadIndex()
        self.policy: Policy = make_policy(
            name, switches or Switches(index_bytes=10**6), imbalance=None, rng=Random(seed)
        )
        for replica in self.replicas:
            self.index.enter(replica.bit, replica.outstanding)
            self.policy.arrived(replica)

    @property
    def among(self) -> Candidates:
        mask = sum(replica.bit for replica in self.replicas)
        return Candidates(mask, self.index, self.replicas.__getitem__)

    def send(self, asked: Request) -> tuple[Replica, str]:
        """Have the policy choose, and count the request as sent."""
        choice = self.policy.pick(asked, self.among)
        replica = self.replicas[choice.slot]
        replica.outstanding += 1
        self.index.move(replica.bit, replica.outstanding - 1, replica.outstanding)
        self.policy.placed(asked, choice.slot)
        return replica, choice.reason


def request(text: str, hash_key: str | None = None) -> Request:
    return Request("r", PromptKey.of("m", text.encode()), hash_key)


class Drawn(Random):
    """Draws what it is told to, and then at the lower end."""

    def __init__(self, *shares: float) -> None:
        super().__init__(0)
        self._shares = list(shares)

    def random(self) -> float:
        return self._shares.pop(0) if self._shares else 0.0


class TestPowerOfTwo:
    @settings(max_examples=20, deadline=None)
    @given(few_loads.filter(lambda loads: len(loads) > 1))
    def test_takes_the_less_loaded_of_each_two_that_can_be_drawn(self, loads: list[int]) -> None:
        fleet, count = Fleet("power_of_two", loads), len(loads)
        pairs = set()
        for first in range(count):
            for rank in range(count - 1):
                policy = PowerOfTwo(Drawn((first + 0.5) / count, (rank + 0.5) / (count - 1)))
                slot = policy.pick(request("hello"), fleet.among).slot
                other = rank + (rank >= first)
                pairs.add((first, other))
                assert slot in (first, other)
                assert loads[slot] == min(loads[first], loads[other])
        assert pairs == set(permutations(range(count), 2))  # each pair is as likely as another

    @settings(max_examples=40, deadline=None)
    @given(few_loads, st.integers(0, 9))
    def test_never_takes_the_one_that_has_most(self, loads: list[int], seed: int) -> None:
        if loads.count(max(loads)) > 1:
            return
        fleet = Fleet("power_of_two", loads, seed=seed)
        slot = fleet.policy.pick(request("hello"), fleet.among).slot
        assert len(loads) == 1 or loads[slot] < max(loads)


class TestBoundedHashing:
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(st.integers(0, 3), min_size=1, max_size=80),
        st.integers(1, 8),
        st.sampled_from([1.0, 1.25, 2.0]),
    )
    def test_load_is_bounded(self, prompts: list[int], count: int, factor: float) -> None:
        """Few prompts, so that owners are hot: nobody goes above the bound while another is below it."""
        switches = Switches(bounded_load=BoundedLoad(load_factor=factor))
        fleet = Fleet("bounded_hashing", [0] * count, switches)
        for prompt in prompts:
            loads = [one.outstanding for one in fleet.replicas]
            bound = factor * (sum(loads) + 1) / count
            chosen, reason = fleet.send(request(f"prompt {prompt} " * 20))
            below = [load for load in loads if load + 1 <= bound]
            if any(loads) and below:
                assert chosen.outstanding <= bound
            elif any(loads):
                assert reason == "hash_ring_all_full"
        # All are above the bound only while the shortest has less than 4 x that of this many; see the module.
        assert max(one.outstanding for one in fleet.replicas) <= factor * (len(prompts) + 1) / count + count

    def test_a_key_is_the_beginning_of_the_prompt_and_of_its_model(self) -> None:
        fleet = Fleet("bounded_hashing", [0] * 8)
        policy, among = fleet.policy, fleet.among
        begin = "x" * 128
        alike = [request(begin + rest, key) for rest in "abc" for key in ("k", None)]
        owners = {policy.pick(one, among).slot for one in alike}
        assert len(owners) == 1
        others = {policy.pick(request(f"{number}" + begin), among).slot for number in range(40)}
        assert len(others) > 1
        keyed = {policy.pick(request("", str(number)), among).slot for number in range(40)}
        assert len(keyed) > 1
        assert policy.pick(request(""), among).reason == "least_load_no_key"

    def test_goes_on_along_the_ring_and_comes_back(self) -> None:
        fleet = Fleet("bounded_hashing", [0] * 4)
        asked = request("the same to all " * 20)
        sent = [fleet.send(asked) for _ in range(40)]
        owner = sent[0][0]
        assert {reason for _, reason in sent} >= {"hash_ring", "hash_ring_bounded"}
        assert [one.outstanding for one in fleet.replicas if one is owner] == [
            max(one.outstanding for one in fleet.replicas)
        ]

    def test_when_all_are_above_the_bound_the_owner_takes_it(self) -> None:
        owner = Fleet("bounded_hashing", [0] * 4).send(request("hello"))[0].slot
        fleet = Fleet("bounded_hashing", [int(slot == owner) for slot in range(4)])
        chosen, reason = fleet.send(request("hello"))  # the bound is 1.25 x 2 / 4
        assert (chosen.slot, reason) == (owner, "hash_ring_all_full")

    @settings(max_examples=15, deadline=None)
    @given(st.integers(2, 6), st.data())
    def test_who_leaves_takes_its_own_keys_and_gets_them_back(self, count: int, data: st.DataObject) -> None:
        fleet = Fleet("bounded_hashing", [0] * count)
        asked = [request(f"{number} says hello") for number in range(60)]
        before = [fleet.policy.pick(one, fleet.among).slot for one in asked]
        gone = fleet.replicas[data.draw(st.integers(0, count - 1))]
        fleet.policy.left(gone)
        rest = Candidates(fleet.among.mask & ~gone.bit, fleet.index, fleet.replicas.__getitem__)
        during = [fleet.policy.pick(one, rest).slot for one in asked]
        assert all(was in (gone.slot, now) for was, now in zip(before, during, strict=True))
        fleet.policy.arrived(gone)
        assert [fleet.policy.pick(one, fleet.among).slot for one in asked] == before


class TestLeastCost:
    def test_the_near_one_wins_until_the_way_is_shorter_than_the_queue(self) -> None:
        fleet = Fleet("least_cost", [0, 0])
        near, far = fleet.replicas
        near.rtt_s, far.rtt_s = 0.001, 0.15
        asked = request("w" * 8000)  # 2,000 tokens: 188 ms
        assert fleet.send(asked)[0] is near
        near.report = ReplicaReport(pending=1, running=1)
        assert fleet.policy.pick(request("v" * 8000), fleet.among).slot == far.slot

    def test_what_is_held_need_not_be_prefilled(self) -> None:
        fleet = Fleet("least_cost", [0, 0], Switches(cost=Cost(running_weight=0.0)))
        first = fleet.send(request("w" * 8000))[0]
        other = fleet.replicas[1 - first.slot]
        first.rtt_s = 0.1  # less than the 188 ms that the other would need
        assert fleet.policy.pick(request("w" * 8000), fleet.among).slot == first.slot
        assert fleet.policy.pick(request("v" * 8000), fleet.among).slot == other.slot

    def test_the_cost_is_that_of_the_formula(self) -> None:
        cost = Cost(prefill_s_per_token=0.001, running_weight=0.5)
        fleet = Fleet("least_cost", [0], Switches(cost=cost))
        (replica,) = fleet.replicas
        for text in ("a" * 400, "b" * 800):  # 100 and 200 tokens
            fleet.send(request(text))
        replica.report, replica.rtt_s = ReplicaReport(pending=2, running=1), 0.0
        # 2 waiting x 150 in the mean, half of the 300 there, and 100 of its own.
        costs = fleet.policy.scores(request("c" * 400), fleet.among)
        assert costs == {0: pytest.approx(0.001 * (2 * 150 + 0.5 * 300 + 100))}
        replica.outstanding = 1  # one has ended: the older
        replica.report = IDLE
        costs = fleet.policy.scores(request("c" * 400), fleet.among)
        assert costs == {0: pytest.approx(0.001 * (0.5 * 200 + 100))}

    def test_round_trips_are_smoothed(self) -> None:
        fleet = Fleet("least_cost", [0], Switches(cost=Cost(prefill_s_per_token=0.0)))
        (replica,) = fleet.replicas
        for replica.rtt_s in (0.1, 0.2):
            fleet.policy.pick(request("a"), fleet.among)
        assert fleet.policy.scores(request("a"), fleet.among) == {0: pytest.approx(0.1 + 0.3 * 0.1)}

    def test_keeps_nothing_of_requests_that_are_not_there(self) -> None:
        """A stealing balancer notes what it keeps under its own slot, where nothing is outstanding."""
        fleet = Fleet("least_cost", [0])
        for _ in range(5):
            fleet.policy.placed(request("a" * 400), 0)
        assert fleet.policy.scores(request(""), fleet.among) == {0: 0.0}


class TestWeightedScores:
    def reported(self, *reports: ReplicaReport) -> Fleet:
        fleet = Fleet("weighted_scores", [0] * len(reports))
        for replica, report in zip(fleet.replicas, reports, strict=True):
            replica.report = report
        return fleet

    def test_scores_are_those_of_llm_d(self) -> None:
        fleet = self.reported(
            ReplicaReport(pending=0, running=4, kv_use=0.9),
            ReplicaReport(pending=2, running=4, kv_use=0.5),
            ReplicaReport(pending=8, running=4, kv_use=0.0),
        )
        fleet.policy.placed(request("w" * 640), 1)
        scores = fleet.policy.scores(request("w" * 1280), fleet.among)
        assert scores == {
            0: pytest.approx(2 * 1.0 + 2 * 0.1),
            1: pytest.approx(3 * 0.5 + 2 * 0.75 + 2 * 0.5),
            2: pytest.approx(2 * 0.0 + 2 * 1.0),
        }
        assert fleet.policy.pick(request("w" * 1280), fleet.among).facts() == (1, 0.5, "weighted_scores")

    def test_where_engines_say_nothing_only_prefixes_tell_them_apart(self) -> None:
        silent = ReplicaReport(pending=None, running=None)
        fleet = self.reported(silent, silent, silent)
        slots = {Fleet("weighted_scores", [0] * 3, seed=s).send(request("hello"))[0].slot for s in range(20)}
        assert slots == {0, 1, 2}  # equals are drawn
        fleet.policy.placed(request("w" * 640), 2)
        assert fleet.policy.pick(request("w" * 640), fleet.among).slot == 2

    def test_weights_can_be_set(self) -> None:
        fleet = Fleet("weighted_scores", [0, 0], Switches(weights=Weights(prefix=1.0, queue=0.0, kv=5.0)))
        fleet.replicas[0].report = ReplicaReport(pending=0, running=0, kv_use=0.5)
        fleet.policy.placed(request("w" * 640), 0)
        assert fleet.policy.pick(request("w" * 640), fleet.among).slot == 1


def test_targets_say_what_waits_there() -> None:
    report = PeerReport(queue=3, queue_from_users=1, outstanding=9, replicas=2, available_replicas=1)
    assert (Target("t").waiting, Target("t").kv_use) == (None, None)
    assert (Peer("p").waiting, Peer("p", report=report).waiting) == (None, 3)
    engine = Replica("r", report=ReplicaReport(pending=2, running=1, kv_use=0.25))
    assert (Replica("r").waiting, engine.waiting, engine.kv_use) == (None, 2, 0.25)


def test_any_match_counts_where_the_least_loaded_is_no_way_out() -> None:
    """`DISABLE_LEAST_LOAD_IN_PREFIX`."""
    fleet = Fleet("prefix_tree", [9, 0], Switches(least_load_in_prefix=False))
    fleet.policy.placed(request("w" * 64), 0)
    assert fleet.policy.pick(request("w" * 64 + "v" * 6400), fleet.among).slot == 0
    assert fleet.policy.pick(request("v" * 6400), fleet.among).slot == 1
    usual = Fleet("prefix_tree", [9, 0])
    usual.policy.placed(request("w" * 64), 0)
    assert usual.policy.pick(request("w" * 64 + "v" * 6400), usual.among).slot == 1
