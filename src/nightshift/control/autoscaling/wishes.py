"""How many replicas each target of a service asks for, at this moment and without regard to the past.

By requests per second, as the original: ceil(rate / target per replica). By the wait in balancers' queues
(our own): more while requests wait longer than the target, in proportion but at most half as many again;
one fewer while they hardly wait. Both given, the larger wish counts.
"""

import math

from nightshift.control.autoscaling.holding import HOLDS, needed_to_hold
from nightshift.control.autoscaling.seen import Seen
from nightshift.control.service.spec import Scaling

MOST_GROWTH = 1.5
"""A queue's wait says that capacity lacks, and little of how much: it grows with time, too. From 1 to 10
replicas are 1, 2, 3, 5, 8, 10: five steps."""
HARDLY = 0.25
"""A wait below this share of the target is no wait. What lies between is left as it is."""


def wish_of(scaling: Scaling, target: int, seen: Seen, holds: int = HOLDS) -> int | None:
    """Return how many replicas are wanted, from least to most; None when nothing is known.

    `target` is how many the service shall have as of now.
    """
    if scaling.target_qps_per_replica is None and scaling.target_queue_s is None:
        return scaling.least
    wishes = [
        wish
        for wish in (
            _by_rate(scaling.target_qps_per_replica, seen),
            _by_wait(scaling.target_queue_s, target, seen, holds),
        )
        if wish is not None
    ]
    return clamped(scaling, max(wishes)) if wishes else None


def waits_too_long(scaling: Scaling, seen: Seen) -> bool:
    """Tell whether requests wait longer than the service wants."""
    return scaling.target_queue_s is not None and (seen.queue_wait_s or 0.0) > scaling.target_queue_s


def clamped(scaling: Scaling, count: int) -> int:
    """Return `count` within least and most."""
    return max(scaling.least, min(scaling.most, count))


def _by_rate(per_replica: float | None, seen: Seen) -> int | None:
    if per_replica is None or seen.requests_per_s is None:
        return None
    # A whole number that was reached by adding up parts may be a hair above itself.
    return math.ceil(seen.requests_per_s / per_replica - 1e-9)


def _by_wait(target_s: float | None, target: int, seen: Seen, holds: int) -> int | None:
    if target_s is None:
        return None
    if seen.ready == 0:
        return max(target, 1 if seen.waiting else 0)
    if seen.queue_wait_s is None and seen.waiting:
        return None  # nothing was over: whether it waited long is not known yet
    ratio = (seen.queue_wait_s or 0.0) / target_s
    if ratio > 1:
        # Of those that are ready: while others launch, the wait says nothing about what they will bring.
        return max(target, math.ceil(seen.ready * min(ratio, MOST_GROWTH)))
    if ratio < HARDLY and not seen.launching and needed_to_hold(seen, holds) < target:
        return target - 1
    return target
