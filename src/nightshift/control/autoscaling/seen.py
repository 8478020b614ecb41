"""What the autoscaler is told of a service at one moment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """See the head of the file. None always means: not known, never zero.

    A replica that drains is no capacity and takes nothing new; what it still answers is not `outstanding`.
    """

    ready: int
    """Replicas that serve."""
    launching: int = 0
    """Replicas on their way."""
    draining: int = 0
    """Replicas that only finish what they have."""
    requests_per_s: float | None = None
    """What users send, see `rate.py`."""
    queue_wait_s: float | None = None
    """How long requests waited in balancers' queues, in seconds, see `wait.py`."""
    waiting: int = 0
    """Requests in those queues now."""
    outstanding: int = 0
    """Requests at ready replicas now."""
    kv_use: float | None = None
    """KV cache in use, mean over ready replicas that say so, 0 to 1."""
