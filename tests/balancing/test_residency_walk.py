"""Long random walks through each system, with one question after each step: is anybody where they may not be?

The state machine of `test_balancer_invariants` asks this too, among all else, in walks too short for
what it takes: a bound request, nobody free in its region, and somebody free in another.
"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Forward,
    HandOver,
    PassOn,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.switches import Across, PeerRule, Switches, ToReplicas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nightshift.balancing.messages import Action

STEPS = 1500
REPLICAS, PEERS = ["r1", "r2", "r3"], ["p1", "p2"]
REGIONS = ["eu", "us"]
BOUND = [None, frozenset({"eu"}), frozenset({"us"}), frozenset({"eu", "us"}), frozenset({"mars"})]
PROMPTS = [PromptKey.of("m", letter.encode() * 300) for letter in "abc"]


class Walk:
    """A balancer, what is known of its requests by its actions alone, and a chance for what comes next."""

    def __init__(self, switches: Switches, chance: Random) -> None:
        self.chance = chance
        self.now = 0.0
        self.core = Balancer(name="me", switches=switches, rng=Random(1))
        self.bound: dict[str, frozenset[str] | None] = {}
        self.at: dict[str, str] = {}
        self.placed = 0
        self.targets_change()

    def tell(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Forward | HandOver):
                target = action.replica if isinstance(action, Forward) else action.peer
                regions = self.bound[action.request_id]
                assert regions is None or self.stand[target] in regions
                self.at[action.request_id] = target
                self.placed += regions is not None
            elif isinstance(action, Reject):
                self.at.pop(action.request_id, None)
                del self.bound[action.request_id]
            elif isinstance(action, PassOn):
                self.leaves(action.request_id)

    def targets_change(self) -> None:
        self.stand = {id_: self.chance.choice(REGIONS) for id_ in [*REPLICAS, *PEERS]}
        mine = [id_ for id_ in REPLICAS if self.chance.random() < 0.8]
        self.tell(
            self.core.targets_changed(
                self.now, replicas=mine, peers=PEERS, replica_regions=self.stand, peer_regions=self.stand
            )
        )

    def arrives(self) -> None:
        id_ = f"q{len(self.bound)}-{self.now:.2f}"
        self.bound[id_] = regions = self.chance.choice(BOUND)
        from_peer = self.chance.choice([None, None, None, "p1"])
        request = Request(id_, self.chance.choice(PROMPTS), from_peer=from_peer, regions=regions)
        self.tell(self.core.request_arrived(self.now, request))

    def leaves(self, id_: str) -> None:
        del self.bound[id_]
        self.at.pop(id_, None)
        self.tell(self.core.request_ended(self.now, id_))

    def something_happens_to_one(self) -> None:
        if not self.at:
            return
        id_ = self.chance.choice(sorted(self.at))
        was_at = self.at.pop(id_)
        core, now = self.core, self.now
        match self.chance.choice(["ends", "ends", "ends", "lost", "undelivered", "refused", "declined"]):
            case "lost":
                self.tell(core.request_lost(now, id_))
            case "undelivered":
                self.tell(core.request_undelivered(now, id_))
            case "refused":
                self.tell(core.request_refused(now, id_))
            case "declined" if was_at in PEERS:
                self.tell(core.request_declined(now, id_))
            case _:
                self.leaves(id_)

    def somebody_reports(self) -> None:
        replica, peer = self.chance.choice(REPLICAS), self.chance.choice(PEERS)
        pending = self.chance.choice([0, 3, 3])
        self.tell(self.core.replica_probed(self.now, replica, ReplicaReport(pending, 1)))
        queue, free = self.chance.choice([0, 3]), self.chance.choice([0, 2])
        report = PeerReport(queue, queue, outstanding=3, replicas=2, available_replicas=free)
        self.tell(self.core.peer_reported(self.now, peer, report, 0.01))

    def a_thief_asks(self) -> None:
        self.tell(self.core.steal_asked(self.now, self.chance.choice(PEERS), 2))

    def step(self) -> None:
        self.now += 0.03
        ways = [self.arrives, self.arrives, self.something_happens_to_one, self.somebody_reports]
        self.chance.choice([*ways * 6, self.a_thief_asks, self.targets_change])()
        self.nobody_waits_for_another()

    def nobody_waits_for_another(self) -> None:
        """Whoever waits has no replica that is free in its regions, whoever waits before it."""
        pool = self.core.replicas
        for entry in self.core.queue:
            regions = entry.request.regions
            there = [r for r in pool.targets.values() if regions is None or self.stand[r.id] in regions]
            usable = pool.usable_among(sum(replica.bit for replica in there))
            free = pool.usable() if regions is None else usable
            assert not free & pool.roomy & ~pool.mask_of(entry.avoid)


@pytest.mark.parametrize(
    ("across", "to_replicas", "overcommit"), list(product(Across, ToReplicas, [False, True]))
)
def test_no_walk_leads_out_of_a_requests_regions(
    across: Across, to_replicas: ToReplicas, *, overcommit: bool
) -> None:
    for policy in ("prefix_tree", "consistent_hashing"):
        walk = Walk(
            Switches(
                across=across,
                to_replicas=to_replicas,
                overcommit=overcommit,
                replica_policy=policy,
                peer_policy=policy,
                max_outstanding=3,
                max_queue=30,
                max_queue_s=5.0,
                index_bytes=5000,
                peer_rule=PeerRule(max_queue=5),
            ),
            Random(f"{across} {policy}"),
        )
        for number in range(STEPS):
            walk.step()
            if number % 20 == 0:
                walk.tell(walk.core.time_passed(walk.now))
        assert walk.placed > STEPS / 20, "it has tried"
