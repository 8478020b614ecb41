"""The checker over whole systems in virtual time: each preset, two regions, users on both sides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import pytest
from tests.simulate.talking import Chat
from tests.soak.checker import Allowed, problems, queue_waits
from tests.soak.journal import How, Journal

from nightshift.balancing.presets import PRESETS, Preset
from nightshift.balancing.switches import Switches
from nightshift.engine.profiles import PROFILES
from nightshift.engine.request import EngineRequest
from nightshift.simulate.fleet import SimFleet, build_fleet
from nightshift.simulate.network import Network
from nightshift.simulate.replica import Answering, SimReplica
from nightshift.simulate.requests import Served
from nightshift.simulate.users import Pauses, SimUser
from nightshift.wan.delay import RETRANSMIT_S

ONE_WAY_S = 0.0675
WAYS = {("a", "b"): ONE_WAY_S, ("b", "a"): ONE_WAY_S}
LAST_PROGRAM_S, UNTIL_S = 30.0, 600.0
SYSTEMS = [one for one in PRESETS if one.id is not None and one.switches is not None]


def watch(replica: SimReplica, fleet: SimFleet, journal: Journal, patch: pytest.MonkeyPatch) -> None:
    """Have a replica write down what comes and goes."""
    submit = replica.submit

    def finished(nonce: str, then: Answering) -> None:
        journal.left(fleet.schedule.now, nonce, replica.id)
        then.finished()

    def watched(request: EngineRequest, answering: Answering) -> None:
        journal.placed(fleet.schedule.now, request.id, replica.id)
        submit(request, Answering(answering.first, partial(finished, request.id, answering)))

    patch.setattr(replica, "submit", watched)


@dataclass(frozen=True)
class BadNetwork(Network):
    """Messages in order on each way; some are late, and a cut from `a` to `b` holds them."""

    loss: float = 0.0
    cut: tuple[float, float] = (0.0, 0.0)
    rng: Random = field(default_factory=lambda: Random(5))
    last: dict[tuple[str, str], float] = field(default_factory=dict)

    def send(self, source: str, destination: str, arrive: Callable[[], None]) -> None:
        now, way = self.schedule.now, (source, destination)
        due = now + self.delay_s(*way)
        if source != destination and self.rng.random() < self.loss:
            due += 2 * self.delay_s(*way) + RETRANSMIT_S
        if way == ("a", "b") and self.cut[0] <= now < self.cut[1]:
            due = self.cut[1] + self.delay_s(*way)
        due = self.last[way] = max(due, self.last.get(way, 0.0))
        self.schedule.at(due, arrive)


BAD: dict[str, dict[str, Any]] = {
    "link_loses_1_percent": {"loss": 0.01},
    "link_cut_one_way": {"cut": (5.0, 20.0)},
}


def play(
    switches: Switches, patch: pytest.MonkeyPatch, more_s: float = 0.0
) -> tuple[Journal, list[Served], SimFleet]:
    """Let users talk for a while, and the fleet come to rest; regions are `more_s` further apart."""
    fleet = build_fleet(
        regions={"a": 2, "b": 1},
        switches=switches,
        profile=PROFILES["l4-llama-3.1-8b"],
        one_way_s={way: one_way_s + more_s for way, one_way_s in WAYS.items()},
        seed=3,
    )
    journal = Journal()
    for replica in fleet.replicas:
        watch(replica, fleet, journal, patch)
    served: list[Served] = []
    pauses = Pauses(lambda now: 0.0 if now < LAST_PROGRAM_S else 1e9, lambda now: 0.0)
    for region, count in {"a": 20, "b": 2}.items():
        for number in range(count):
            user = SimUser(
                number=number,
                region=region,
                entry=fleet.entries[region],
                network=fleet.network,
                programs=chats(f"{region}{number}"),
                served=served,
                pauses=pauses,
            )
            fleet.schedule.at(0.1 * number, user.start)
    fleet.schedule.run(UNTIL_S)
    for one in served:
        journal.asked(one.sent, one.id)
        if one.failed is not None:
            journal.ended(UNTIL_S, one.id, How.REFUSED, one.failed)
        elif one.end is not None:
            journal.ended(one.end, one.id, How.ANSWERED)
    return journal, served, fleet


def chats(name: str) -> Iterator[Chat]:
    number = 0
    while True:
        number += 1
        yield Chat(f"{name}-{number}")


@pytest.mark.parametrize("system", SYSTEMS, ids=[one.suffix for one in SYSTEMS])
@pytest.mark.parametrize("fault", ["none", "link_100_ms_longer", *BAD])
def test_no_system_breaks_an_invariant(system: Preset, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert system.switches is not None
    if fault in BAD:
        monkeypatch.setattr("nightshift.simulate.fleet.Network", partial(BadNetwork, **BAD[fault]))
    more_s = 0.1 if fault == "link_100_ms_longer" else 0.0
    journal, served, fleet = play(system.switches, monkeypatch, more_s)
    assert len(served) > 100
    assert problems(journal, Allowed(all_write=True)) == []
    # Two queues at most: a request that was handed over may have waited in each.
    waits = [one.queued_s for one in served]
    assert queue_waits(waits, 2 * system.switches.max_queue_s, system.switches.probe_interval_s) == []
    for balancer in fleet.balancers:
        assert len(balancer.core.ledger) == len(balancer.core.queue) == 0
