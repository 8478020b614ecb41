"""A balancer and requests that name stored responses, for the tests of where they go."""

from collections.abc import Sequence
from random import Random

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Action,
    Forward,
    HandOver,
    PassOn,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
    StoredResponse,
)
from nightshift.balancing.switches import Across, Switches

FREE, FULL = ReplicaReport(pending=0, running=3), ReplicaReport(pending=1, running=9)
HERE, REGIONAL = Switches(across=Across.NONE), Switches()
PEER = PeerReport(0, 0, 0, 1, 1)
NO_PROMPT = PromptKey.of("m", b"")


def balancer(switches: Switches = REGIONAL, replicas: str = "abc", peers: str = "") -> Balancer:
    made = Balancer(name="me", switches=switches, rng=Random(0))
    made.targets_changed(0.0, replicas=replicas, peers=peers)
    for replica in replicas:
        made.replica_probed(0.0, replica, FREE)
    for number, peer in enumerate(peers):
        made.peer_reported(0.0, peer, PEER, 0.01 * (number + 1))
    return made


def asks(
    id_: str,
    response: str | None,
    *,
    generates: bool = True,
    tenant: str | None = None,
    from_peer: str | None = None,
    model: str = "",
    regions: frozenset[str] | None = None,
    deadline: float | None = None,
) -> Request:
    stored = None if response is None else StoredResponse(response, generates=generates)
    return Request(
        id_,
        NO_PROMPT,
        from_peer=from_peer,
        tenant=tenant,
        model=model,
        regions=regions,
        deadline=deadline,
        stored=stored,
    )


def reads(id_: str, response: str, *, tenant: str | None = None, from_peer: str | None = None) -> Request:
    return asks(id_, response, generates=False, tenant=tenant, from_peer=from_peer)


def outcomes(actions: Sequence[Action]) -> list[str]:
    """Each action as where it went, the code of its refusal, or "pass on"."""
    said = []
    for action in actions:
        match action:
            case Forward(replica=target) | HandOver(peer=target):
                said.append(target)
            case Reject(code=code):
                said.append(code)
            case PassOn():
                said.append("pass on")
    return said


def stores(made: Balancer, response: str, *, tenant: str | None = None, from_peer: str | None = None) -> str:
    """Have a response made and stored; return who holds it."""
    first = asks(f"first of {response}", None, tenant=tenant, from_peer=from_peer)
    (where,) = outcomes(made.request_arrived(0.0, first))
    made.response_stored(0.0, first.id, response)
    made.request_ended(0.0, first.id)
    return where
