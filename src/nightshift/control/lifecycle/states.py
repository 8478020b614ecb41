"""Every state that a unit (a replica or a balancer) and a service can be in, and what may follow.

The names are those of the original's status tables, but for DRAINING, which it had no word for. `TABLE` is
the whole of it: a transition that is not in it is a defect, and `checked` raises for it.
docs/reference/service-states.md says the same, and a test holds it to this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a unit is, in one word."""

    PENDING = "PENDING"
    PROVISIONING = "PROVISIONING"
    STARTING = "STARTING"
    READY = "READY"
    NOT_READY = "NOT_READY"
    DRAINING = "DRAINING"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    PREEMPTED = "PREEMPTED"
    FAILED = "FAILED"
    FAILED_PROVISION = "FAILED_PROVISION"
    FAILED_INITIAL_DELAY = "FAILED_INITIAL_DELAY"
    FAILED_PROBING = "FAILED_PROBING"
    FAILED_CLEANUP = "FAILED_CLEANUP"


class ServiceState(StrEnum):
    """What a service is, in one word."""

    STARTING = "STARTING"
    """No region of it is ready yet."""
    READY = "READY"
    """Every balancer is ready, and as many replicas as it shall have."""
    DEGRADED = "DEGRADED"
    """It serves, but something is missing."""
    NOT_READY = "NOT_READY"
    """It has served, and no balancer or no replica is ready now."""
    UPDATING = "UPDATING"
    """It serves, and replicas of an older version remain."""
    FAILED = "FAILED"
    """Its file cannot be read any more: it goes on, and nobody looks after it."""
    SHUTTING_DOWN = "SHUTTING_DOWN"
    FAILED_CLEANUP = "FAILED_CLEANUP"
    """It is down, but something could not be removed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One state: what it means, how it ends, and the states that may follow."""

    means: str
    ends: str
    next: frozenset[State]


S = State
_LOST = (S.FAILED, S.PREEMPTED)
_ENDED = (S.SHUTTING_DOWN, S.FAILED_CLEANUP)


def _row(means: str, ends: str, *next_: State) -> Row:
    return Row(means, ends, frozenset(next_))


TABLE: Mapping[State, Row] = {
    S.PENDING: _row(
        "wanted and written down; the provider may not know of it yet",
        "the provider knows of it, or refuses it",
        *(S.PROVISIONING, S.STARTING, S.FAILED_PROVISION, S.FAILED, S.SHUTTING_DOWN),
    ),
    S.PROVISIONING: _row(
        "its machine is being made",
        "it runs, or could not be made",
        *(S.STARTING, S.FAILED_PROVISION, *_LOST, S.SHUTTING_DOWN),
    ),
    S.STARTING: _row(
        "its process runs and has not answered a probe yet",
        "it answers, or `initial_delay_seconds` are over",
        *(S.READY, S.FAILED_INITIAL_DELAY, *_LOST, S.SHUTTING_DOWN),
    ),
    S.READY: _row(
        "it answers its probes",
        "probes fail, it ends, or it is not wanted any more",
        *(S.NOT_READY, S.DRAINING, *_LOST, S.SHUTTING_DOWN),
    ),
    S.NOT_READY: _row(
        "it was ready, and its probes fail",
        "it answers again, or fails for too long",
        *(S.READY, S.FAILED_PROBING, S.DRAINING, *_LOST, S.SHUTTING_DOWN),
    ),
    S.DRAINING: _row(
        "not wanted any more: it gets nothing new, and ends what it has",
        "it has nothing any more, or its time is over",
        *(S.SHUTTING_DOWN,),
    ),
    S.SHUTTING_DOWN: _row("it is being ended", "nothing is left of it: it goes from the table", *_ENDED),
    S.PREEMPTED: _row("its machine was taken away", "its remains are removed; another replaces it", *_ENDED),
    S.FAILED: _row("its process ended by itself", "its remains are removed; another replaces it", *_ENDED),
    S.FAILED_PROVISION: _row(
        "it could not be made", "its remains are removed; another is tried, later and later", *_ENDED
    ),
    S.FAILED_INITIAL_DELAY: _row(
        "it never answered a probe", "its remains are removed; another is tried, later and later", *_ENDED
    ),
    S.FAILED_PROBING: _row(
        "it was ready, and failed its probes for too long",
        "its remains are removed; another replaces it",
        *_ENDED,
    ),
    S.FAILED_CLEANUP: _row(
        "it could not be ended", "ending it is tried again, or `down --purge` forgets it", S.SHUTTING_DOWN
    ),
}

LIVING = frozenset((S.PENDING, S.PROVISIONING, S.STARTING, S.READY, S.NOT_READY))
"""Counts as one of those that there shall be."""
BROKEN = frozenset((S.PREEMPTED, S.FAILED, S.FAILED_PROVISION, S.FAILED_INITIAL_DELAY, S.FAILED_PROBING))
"""Its remains are to be removed, and its end is remembered."""
LEAVING = BROKEN | {S.SHUTTING_DOWN, S.FAILED_CLEANUP}
"""The provider is to end it."""


def checked(before: State, after: State) -> State:
    """Return `after`. Raises `ValueError` when it may not follow `before`."""
    if after is not before and after not in TABLE[before].next:
        raise ValueError(f"a unit that is {before} cannot become {after}")
    return after
