"""Each rule by its own table."""

import pytest

from nightshift.balancing.admission import peer_has_room, replica_rule, why_no_room
from nightshift.balancing.health import State
from nightshift.balancing.messages import PeerReport, ReplicaReport
from nightshift.balancing.switches import PeerRule, Switches, ToReplicas
from nightshift.balancing.targets import Peer, Replica


def replica(
    *,
    pending: int | None = 0,
    outstanding: int = 0,
    sent: int = 0,
    running: int = 3,
    kv_use: float | None = None,
    signal: State = State.UP,
) -> Replica:
    made = Replica("r", report=ReplicaReport(pending, running, kv_use))
    made.health.signal = signal
    for number in range(sent):
        made.sent(1.0, str(number))
    made.outstanding = outstanding
    return made


@pytest.mark.parametrize(
    ("rule", "state", "available"),
    [
        (ToReplicas.BLIND, replica(pending=9, outstanding=99, sent=9), True),
        (ToReplicas.BY_PENDING, replica(outstanding=99), True),
        (ToReplicas.BY_PENDING, replica(pending=1), False),
        (ToReplicas.BY_PENDING, replica(sent=1), True),
        (ToReplicas.BY_PENDING, replica(sent=2), False),
        (ToReplicas.BY_PENDING, replica(sent=19, running=40, kv_use=0.5), True),
        (ToReplicas.BY_PENDING, replica(sent=20, running=40, kv_use=0.5), False),
        (ToReplicas.BY_PENDING, replica(sent=20, running=40), False),
        (ToReplicas.BY_PENDING, replica(sent=2, running=40, kv_use=1.0), False),
        (ToReplicas.BY_PENDING, replica(pending=None, outstanding=2, signal=State.NO_SIGNAL), True),
        (ToReplicas.BY_PENDING, replica(pending=None, outstanding=3, signal=State.NO_SIGNAL), False),
        (ToReplicas.BY_PENDING, replica(pending=1, outstanding=2, signal=State.STALE), True),
        (ToReplicas.BY_PENDING, replica(pending=0, outstanding=3, signal=State.STALE), False),
        (ToReplicas.BY_PENDING, replica(outstanding=3, signal=State.UNPROBED), False),
        (ToReplicas.BLIND, replica(pending=None, outstanding=99, signal=State.NO_SIGNAL), True),
        (ToReplicas.BY_OUTSTANDING, replica(outstanding=4, signal=State.NO_SIGNAL), True),
        (ToReplicas.BY_OUTSTANDING, replica(pending=9, outstanding=4), True),
        (ToReplicas.BY_OUTSTANDING, replica(outstanding=5), False),
    ],
)
def test_replica_rules(rule: ToReplicas, state: Replica, available: bool) -> None:
    switches = Switches(to_replicas=rule, max_outstanding=5, sends_per_probe=2, unknown_outstanding=3)
    assert replica_rule(switches)(state) is available
    assert available or why_no_room(state, switches)


@pytest.mark.parametrize(
    ("report", "own_queue", "room"),
    [
        (PeerReport(0, 0, 5, 2, 1), 0, True),
        (PeerReport(0, 0, 5, 2, 0), 0, False),
        (PeerReport(3, 0, 5, 2, 1), 3, True),
        (PeerReport(3, 0, 5, 2, 1), 2, False),
        (PeerReport(11, 0, 5, 2, 1), 50, False),
        (PeerReport(0, 0, 5, 2, 1, draining=True), 0, False),
    ],
)
def test_peer_rule(report: PeerReport, own_queue: int, room: bool) -> None:
    peer = Peer("p", report=report)
    assert peer_has_room(peer, PeerRule(), own_queue=own_queue, sends_per_probe=4) is room
    peer.reachable = False
    assert not peer_has_room(peer, PeerRule(), own_queue=own_queue, sends_per_probe=4)


def test_a_peer_that_never_spoke_has_no_room() -> None:
    assert not peer_has_room(Peer("p"), PeerRule(), own_queue=0, sends_per_probe=4)
