"""The health of one replica: what its probes say, what its requests say, and what an operator says.

Three independent facts, of which `state` shows the most severe:

- the *signal*, from its probes: unprobed, up, no signal, stale, down. A request that could not be
  delivered, or was lost, says "down" as well, until the next report.
- the *breaker*, from its requests: closed, ejected, half-open. A replica can answer every probe and fail
  every request (an engine whose worker died), which only the requests show. Failures are counted in a row:
  failed, lost, refused with 5xx, undelivered. An answer with 4xx is an answer, and 429 is load: both count
  as success. What ends without a verdict (the client left, a peer declined) counts as neither.
- *draining*, an operator's word.

While a replica is ejected or half-open, only the trial decides. The requests that were there before say
what it was, and would else eject it again and again for one outage. A trial that ends without a verdict
frees its place, so a half-open replica is always either on trial or free for one: it cannot get stuck.

`TABLE` is the whole of it; `docs/reference/replica-states.md` says the same. How many may be ejected at a
time, and when they come back, is in `outliers.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from nightshift.balancing.switches import Ejection


class State(StrEnum):
    """What a replica is, in one word."""

    UNPROBED = "unprobed"
    UP = "up"
    NO_SIGNAL = "no-signal"
    STALE = "stale"
    DOWN = "down"
    EJECTED = "ejected"
    HALF_OPEN = "half-open"
    DRAINING = "draining"


class Takes(StrEnum):
    """What a replica may be sent."""

    BY_RULE = "what the rule of the system (`to_replicas`) lets through"
    A_FEW = "the same, but by-pending counts up to `unknown_outstanding` instead"
    A_TRIAL = "one request at a time"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """One state: what it takes, how it begins and how it ends."""

    takes: Takes
    begins: str
    ends: str


TABLE: Mapping[State, Row] = {
    State.UNPROBED: Row(Takes.A_FEW, "the replica is new", "its first probe is answered, or not"),
    State.UP: Row(Takes.BY_RULE, "it reports how many requests wait", "any of the below"),
    State.NO_SIGNAL: Row(Takes.A_FEW, "it reports, but not how many wait", "it says how many"),
    State.STALE: Row(Takes.A_FEW, "its last report is older than `stale_s`", "it reports"),
    State.DOWN: Row(
        Takes.NOTHING, "a probe failed; a request could not be delivered, or was lost", "it reports"
    ),
    State.EJECTED: Row(
        Takes.NOTHING, "`ejection.failures` requests failed in a row; its trial failed", "its time is over"
    ),
    State.HALF_OPEN: Row(
        Takes.A_TRIAL, "its ejection is over", "a trial succeeds: up; a trial fails: ejected, twice as long"
    ),
    State.DRAINING: Row(Takes.NOTHING, "an operator says so", "the operator takes it back"),
}


_UP: Final = State.UP  # to read a member through its class costs ten times as much in Python 3.11


class Health:
    """See the head of the file. `trial` is the request that a half-open replica is tried with."""

    __slots__ = (
        "_ejections",
        "_failures",
        "_last_s",
        "_rules",
        "breaker",
        "draining",
        "failed_at",
        "signal",
        "trial",
        "until",
    )

    def __init__(self, rules: Ejection) -> None:
        self.signal = State.UNPROBED
        self.breaker = State.UP
        self.draining = False
        self.failed_at = float("-inf")
        """When a request last failed, in seconds."""
        self.until = 0.0
        """When its ejection ends, or ended, in seconds."""
        self.trial: str | None = None
        self._rules = rules
        self._failures = 0
        self._ejections = 0
        self._last_s = 0.0

    @property
    def state(self) -> State:
        """Return the most severe of the three facts."""
        if self.draining:
            return State.DRAINING
        if self.signal is State.DOWN or self.breaker is _UP:
            return self.signal
        return self.breaker

    @property
    def reachable(self) -> bool:
        """Whether a request could be sent there at all: it answers, as far as is known, and may be used."""
        return self.signal is not State.DOWN and not self.draining

    def sent(self, request_id: str) -> None:
        """A request goes there; the first to a half-open replica is its trial."""
        if self.breaker is State.HALF_OPEN and self.trial is None:
            self.trial = request_id

    def succeeded(self, request_id: str) -> bool:
        """A request was answered. Return whether that closed the breaker or freed the trial's place."""
        if self.breaker is _UP:
            self._failures = 0
            return False
        if self.trial != request_id:
            return False
        self.trial = None
        self.breaker = State.UP
        self._failures = 0
        return True

    def failed(self, now: float, request_id: str) -> bool:
        """A request failed there. Return whether the replica is to be ejected for it."""
        if self.breaker is _UP:
            self.failed_at = now
            self._failures += 1
            return self._failures >= self._rules.failures
        if self.trial != request_id:
            return False
        self.failed_at = now
        self.trial = None
        return True

    def unjudged(self, request_id: str) -> bool:
        """A request ended without a verdict. Return whether that freed the trial's place."""
        if self.trial != request_id:
            return False
        self.trial = None
        return True

    def eject(self, now: float, rng: Random) -> None:
        """Leave the replica out: twice as long as the last time, unless it has been well for that long
        since."""
        rules = self._rules
        if now - self.until >= self._last_s:
            self._ejections = 0
        self._last_s = min(rules.longest_s, rules.base_s * 2.0 ** min(self._ejections, 60))
        self._ejections += 1
        self.until = now + self._last_s * (1.0 + rng.uniform(0.0, rules.jitter))
        self.breaker = State.EJECTED
        self.trial = None

    def half_open(self, now: float) -> None:
        """The ejection is over, or is ended early: one request may try."""
        self.until = min(self.until, now)
        self.breaker = State.HALF_OPEN
        self._failures = 0
