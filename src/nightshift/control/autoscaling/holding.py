"""How many replicas are needed to hold what runs now. Fewer are never left by scaling down.

The rule: after replicas are taken away, each that stays must be able to hold its part of everything that
runs on ready replicas or waits in a queue now, by two measures:

- at most `HOLDS` requests on each. On one L4 with Llama-3.1-8B the workable number of outstanding requests
  was 20 to 50 within one data set (the original's paper); the smaller is the safe one;
- at most `FULLEST` of its KV cache in use, where engines report it.

A drain itself lets every request end where it is; this rule is for those that come after. They find a fleet
that is not overloaded by having become smaller, even if none of what runs ended meanwhile.
"""

import math

from nightshift.control.autoscaling.seen import Seen

HOLDS = 20
FULLEST = 0.8


def needed_to_hold(seen: Seen, holds: int = HOLDS) -> int:
    """Return how many replicas hold the requests of this moment."""
    by_requests = math.ceil((seen.outstanding + seen.waiting) / holds)
    by_memory = math.ceil(seen.ready * (seen.kv_use or 0.0) / FULLEST - 1e-9)
    return max(by_requests, by_memory)


def after_drain(wish: int, target: int, seen: Seen, holds: int = HOLDS) -> int:
    """Return how far down towards `wish` (below `target`) one may go now.

    When the ready ones are fewer than needed, nothing goes: not those that are coming, either. Replicas that
    drain are no capacity, so they are in none of these counts.
    """
    needed = needed_to_hold(seen, holds)
    return target if seen.ready < needed else min(target, max(wish, needed))
