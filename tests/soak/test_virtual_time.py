"""The checker over whole systems in virtual time: each preset, two regions, users on both sides."""

from collections.abc import Iterator
from functools import partial

import pytest
from tests.simulate.test_fleet import Chat
from tests.soak.checker import Allowed, problems, queue_waits
from tests.soak.journal import How, Journal

from nightshift.balancing.presets import PRESETS, Preset
from nightshift.balancing.switches import Switches
from nightshift.engine.profiles import PROFILES
from nightshift.engine.request import EngineRequest
from nightshift.simulate.fleet import SimFleet, build_fleet
from nightshift.simulate.replica import Answering, SimReplica
from nightshift.simulate.requests import Served
from nightshift.simulate.users import Pauses, SimUser

ONE_WAY_S = 0.0675
WAYS = {("a", "b"): ONE_WAY_S, ("b", "a"): ONE_WAY_S}
LAST_PROGRAM_S, UNTIL_S = 30.0, 600.0
SYSTEMS = [one for one in PRESETS if one.switches is not None]


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


def play(switches: Switches, patch: pytest.MonkeyPatch) -> tuple[Journal, list[Served], SimFleet]:
    """Let users talk for a while, and the fleet come to rest."""
    fleet = build_fleet(
        regions={"a": 2, "b": 1},
        switches=switches,
        profile=PROFILES["l4-llama-3.1-8b"],
        one_way_s=WAYS,
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
def test_no_system_breaks_an_invariant(system: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert system.switches is not None
    journal, served, fleet = play(system.switches, monkeypatch)
    assert len(served) > 100
    assert problems(journal, Allowed(all_write=True)) == []
    # Two queues at most: a request that was handed over may have waited in each.
    waits = [one.queued_s for one in served]
    assert queue_waits(waits, 2 * system.switches.max_queue_s, system.switches.probe_interval_s) == []
    for balancer in fleet.balancers:
        assert len(balancer.core.ledger) == len(balancer.core.queue) == 0
