"""What replicas and peers say of themselves.

Not compiled (setup.py): pydantic reads the annotations of a report that comes from a peer, and in a compiled
class little is left of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplicaReport:
    """What an engine says of itself: requests waiting, requests in the batch, KV use from 0 to 1.

    None is what it does not say: not known, which is neither idle nor full.
    """

    pending: int | None
    running: int | None
    kv_use: float | None = None


@dataclass(frozen=True, slots=True)
class PeerReport:
    """What a balancer says of itself; counts of requests and of replicas.

    `queue_from_users` leaves out requests that other balancers handed over: only the rest may be
    stolen, because a request crosses at most once.
    """

    queue: int
    queue_from_users: int
    outstanding: int
    replicas: int
    available_replicas: int
    models: tuple[str, ...] | None = None
    """The models its replicas serve; None: not known, or any."""
    draining: bool = False
    """It takes no new requests."""
