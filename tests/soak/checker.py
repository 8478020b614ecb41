"""The one checker of invariants: a journal in, what is wrong with it out.

It holds for any system, any faults and any clock, and looks at nothing but what clients and replicas saw. One
pass over the journal for each rule, O(n log n) in all. It is used in virtual time (test_virtual_time.py), on
loopback (test_faults.py) and by the soak.

What it cannot see: whether a refusal was wise, how long a request waited in which queue (the simulator's
records and the header `x-nightshift-queued-ms` tell; `queue_waits` judges them), and a replica that keeps no
journal. For that one the ledger (`ledger_problems`) and the answers' own text have to do.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.soak.journal import Event, How, Journal, What


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is right in this run."""

    overlap_s: float = 0.0
    """How late a replica may notice that a request was taken from it, or its connection closed."""
    no_answer: bool = False
    """Whether balancers were killed, so that a connection may end without a word."""
    all_write: bool = False
    """Whether every replica keeps a journal."""
    unfinished: bool = False
    """Whether the run was cut off, so that requests may be under way still."""
    retry_ratio: float = 0.2
    retry_reserve_per_s: float = 10.0
    retry_burst: float = 100.0
    """The budget of retries of each balancer (`balancing/retry_budget.py`)."""
    balancers: int = 1


STRICT = Allowed()


def problems(journal: Journal, allowed: Allowed = STRICT) -> list[str]:
    """Return one line for each breach of an invariant; none if all is well."""
    by_nonce: dict[str, list[Event]] = defaultdict(list)
    events = list(journal)
    for event in events:
        by_nonce[event.nonce].append(event)
    found: list[str] = []
    for nonce, of_one in by_nonce.items():
        found += (f"{nonce}: {problem}" for problem in _of_one(of_one, allowed))
    return found + _retries_over_budget(events, allowed)


def _of_one(events: list[Event], allowed: Allowed) -> list[str]:
    return [*_outcome(events, allowed), *_stays(events, allowed)]


def _outcome(events: list[Event], allowed: Allowed) -> list[str]:
    """Every accepted request has exactly one terminal outcome, and it is one that is documented."""
    asked = [event for event in events if event.what is What.ASKED]
    ended = [event for event in events if event.what is What.ENDED]
    if len(asked) != 1:
        return [f"asked {len(asked)} times"]
    if not ended:
        return [] if allowed.unfinished else ["never ended"]
    found = [f"ended {len(ended)} times"] if len(ended) > 1 else []
    if ended[0].at < asked[0].at:
        found.append("ended before it was asked")
    wrong = {How.LOST} if allowed.no_answer else {How.LOST, How.NO_ANSWER}
    found += [f"ended as {event.how}: {event.note}" for event in ended if event.how in wrong]
    if ended[0].how == How.ANSWERED and allowed.all_write and not any(e.what is What.PLACED for e in events):
        found.append("answered, and no replica had it")
    return found


def _stays(events: list[Event], allowed: Allowed) -> list[str]:
    """It is at one replica at a time, leaves each, and is nowhere before its asking or after its end."""
    found: list[str] = []
    asked_at = _first(events, What.ASKED, float("-inf"))
    ended_at = _first(events, What.ENDED, float("inf"))
    here: list[Event] = []
    """The replicas that have it, in the order of its coming; all but the last have to notice that it is
    gone.
    """
    for event in events:
        if event.what is What.PLACED:
            if event.at < asked_at:
                found.append(f"at {event.where} before it was asked")
            if event.at > ended_at + allowed.overlap_s:
                found.append(f"came to {event.where} {event.at - ended_at:.3f} s after its end")
            here.append(event)
        elif event.what is What.LEFT:
            found += _departure(event, here, ended_at, allowed)
    if here and not allowed.unfinished:
        found.append(f"never left {', '.join(event.where for event in here)}")
    return found


def _departure(left: Event, here: list[Event], ended_at: float, allowed: Allowed) -> list[str]:
    """Take the stay that ends now out of `here`, and judge it."""
    index = next((n for n, came in enumerate(here) if came.where == left.where), None)
    if index is None:
        return [f"left {left.where}, where it was not"]
    del here[index]
    found = []
    if index < len(here):  # it has come to another since
        overlap = left.at - here[index].at
        if overlap > allowed.overlap_s:
            found.append(f"at {left.where} and elsewhere at once, for {overlap:.3f} s")
    if left.at > ended_at + allowed.overlap_s:
        found.append(f"was at {left.where} for {left.at - ended_at:.3f} s after its end")
    return found


def _first(events: list[Event], what: What, default: float) -> float:
    return next((event.at for event in events if event.what is what), default)


def _retries_over_budget(events: list[Event], allowed: Allowed) -> list[str]:
    """In every window: retries <= what was saved up + ratio x arrivals + reserve x its length.

    One pass (Kadane's): the worst window so far ends here, or a new one begins here. A second visit of the
    same replica is no retry: a pooled connection was stale, and the request goes out once more on a fresh
    one.
    """
    burst = allowed.retry_burst * allowed.balancers
    last_replica: dict[str, str] = {}
    excess, since = 0.0, 0.0
    for event in events:
        if event.what is What.ASKED:
            excess = max(0.0, excess - allowed.retry_ratio)
        elif event.what is What.PLACED:
            before = last_replica.get(event.nonce)
            last_replica[event.nonce] = event.where
            if before is None or before == event.where:
                continue
            refilled = (event.at - since) * allowed.retry_reserve_per_s * allowed.balancers
            excess = max(0.0, excess - max(0.0, refilled)) + 1
            since = event.at
            if excess > burst:
                return [f"retries exceed their budget at {event.at:.3f}: {excess:.0f} in a window"]
    return []


def queue_waits(waits_s: Iterable[float], limit_s: float, tick_s: float) -> list[str]:
    """Nobody waits in a queue for longer than the limit, give or take one tick of the balancer's clock."""
    over = [wait for wait in waits_s if wait > limit_s + tick_s]
    return (
        [f"{len(over)} requests waited for more than {limit_s:g} s, up to {max(over):.2f} s"] if over else []
    )


_ENDS = ("completed", "rejected", "failed", "expired", "client_gone")


def ledger_problems(state: Mapping[str, Any]) -> list[str]:
    """Judge the state page of a balancer that nobody asks anything: all counts are at zero and add up."""
    found = [f"{key} is {state[key]}" for key in ("in_progress", "queue", "outstanding") if state[key] != 0]
    for kind in ("replica", "peer"):
        for id_, target in state[kind].items():
            if target["outstanding"] != 0:
                found.append(f"{kind} {id_} has {target['outstanding']} outstanding")
    counters = state["counters"]
    ended = sum(counters[key] for key in _ENDS)
    if ended != counters["arrived"]:
        found.append(f"{counters['arrived']} arrived and {ended} ended ({counters})")
    return found
