"""What a balancer counts while it works: plain numbers, touched by one thread, read when somebody looks.

No prometheus_client object is on this path: each of theirs takes a lock. Measured once, on a 2-core machine:
1.5 µs for an outcome, 0.4 µs for a placement, 0.2 µs for a block.

Labels stay few: targets and peers are those of now (`targets_are` forgets the others), models those that
replicas serve (`models_are`), everything else comes from our own short lists. A status that no standard
names is shown as `other`.
"""

from collections.abc import Iterable
from typing import Literal

from nightshift.proxy.seen.histogram import (
    BETWEEN_BLOCKS_S,
    DURATION_S,
    FIRST_CONTENT_S,
    LOOP_LAG_S,
    QUEUE_WAIT_S,
    SHARE,
    Histogram,
)
from nightshift.proxy.seen.outcome import FAILED, REFUSED, Outcome
from nightshift.proxy.seen.tally import Tally

TargetKind = Literal["replica", "peer"]
FailureKind = Literal["connect", "lost", "refused", "declined", "timeout"]

OTHER = "other"
"""Stands for every value that is not on a list."""


_Kind = tuple[str, int, str, str]
"""How a request ended, its status, its model, and its target."""


class _Ended:
    """Requests of one kind: one look-up for a request, in place of one for each label."""

    __slots__ = ("answers", "first_content_s", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.answers = 0
        self.first_content_s = 0.0


class Metrics:
    """See the head of the file; what each count means is in `catalogue`."""

    def __init__(self) -> None:
        self._ended: dict[_Kind, _Ended] = {}
        """Requests that are over, by kind, since the last time that somebody looked."""
        self._requests: Tally[tuple[str, int]] = Tally()
        self.refusals: Tally[str] = Tally()
        self._by_model: Tally[str] = Tally()
        self.from_peers: Tally[str] = Tally()
        self.duration_s = (Histogram(DURATION_S), Histogram(DURATION_S))
        """Of answers in one piece, and of streams."""
        self.first_content_s = (Histogram(FIRST_CONTENT_S), Histogram(FIRST_CONTENT_S))
        self.between_blocks_s = Histogram(BETWEEN_BLOCKS_S)
        self.queue_wait_s = Histogram(QUEUE_WAIT_S)
        self.request_bytes = 0
        self.response_bytes = 0
        self.prompt_bytes = 0
        self.placements: dict[tuple[str, ...], int] = {}
        """By kind, target, region and reason."""
        self.matched = Histogram(SHARE)
        self.retries = 0
        self.retries_refused = 0
        self.constrained = 0
        """Times that a request was sent to a target under a rule of residency."""
        self.residency_violations = 0
        self.upstream_failures: Tally[tuple[str, ...]] = Tally()
        """By target and kind."""
        self.died_mid_answer: Tally[str] = Tally()
        self._target_answers: Tally[str] = Tally()
        self._target_first_content_s: Tally[str] = Tally()
        self.connections = 0
        self.connections_refused: Tally[str] = Tally()
        self.loop_lag_s = Histogram(LOOP_LAG_S)
        self.reloads: Tally[str] = Tally()
        self.last_reload_ok: bool | None = None
        self.log_lines_dropped = 0
        self.warnings_suppressed = 0
        self._models: frozenset[str] = frozenset()
        self._peers: frozenset[str] = frozenset()

    # On the path of each request

    def ended(self, outcome: Outcome) -> None:
        """A request is over."""
        ended, stream, model = outcome.ended, outcome.stream, outcome.model
        if model and model not in self._models:
            model = OTHER
        kind = (ended, outcome.status, model, outcome.target)
        alike = self._ended.get(kind)
        if alike is None:
            alike = self._ended[kind] = _Ended()
        alike.requests += 1
        self.duration_s[stream].add(outcome.duration_s)
        self.queue_wait_s.add(outcome.queued_s)
        first_content_s = outcome.first_content_s
        if first_content_s is not None:
            self.first_content_s[stream].add(first_content_s)
            alike.answers += 1
            alike.first_content_s += first_content_s - (outcome.sent_s or 0.0)
        self.request_bytes += outcome.request_bytes
        self.response_bytes += outcome.response_bytes
        self.prompt_bytes += outcome.prompt_bytes
        self.retries += outcome.retries
        if outcome.from_peer:
            self.from_peers[outcome.from_peer if outcome.from_peer in self._peers else OTHER] += 1
        if ended == REFUSED:
            self.refusals[outcome.code] += 1
        elif ended == FAILED:
            self.died_mid_answer[outcome.target] += 1

    def placed(self, kind: TargetKind, target: str, region: str, reason: str, matched: float | None) -> None:
        """A request goes to a target; `matched` is None where no prefix was looked for."""
        labels = (kind, target, region, reason)
        self.placements[labels] = self.placements.get(labels, 0) + 1
        if matched is not None:
            self.matched.add(matched)

    def upstream_failed(self, target: str, kind: FailureKind) -> None:
        """A target failed before the client had seen anything, whether another one answers or not."""
        self.upstream_failures[target, kind] += 1

    def refused_at_the_edge(self, status: int, code: str) -> None:
        """What came was refused before it became a request: not HTTP, too large, too slow, no key."""
        self._requests[REFUSED, status] += 1
        self.refusals[code] += 1

    # Off that path

    @property
    def requests(self) -> Tally[tuple[str, int]]:
        """Requests that are over, by how they ended and the status."""
        self._count_in()
        return self._requests

    @property
    def by_model(self) -> Tally[str]:
        """Requests that are over, by model."""
        self._count_in()
        return self._by_model

    @property
    def target_answers(self) -> Tally[str]:
        """Requests whose answer has begun, by target."""
        self._count_in()
        return self._target_answers

    @property
    def target_first_content_s(self) -> Tally[str]:
        """Seconds that those took from being sent to their first content."""
        self._count_in()
        return self._target_first_content_s

    def _count_in(self) -> None:
        """Add what has ended since the last look to what each label has."""
        kinds, self._ended = self._ended, {}
        for (ended, status, model, target), alike in kinds.items():
            self._requests[ended, status] += alike.requests
            if model:
                self._by_model[model] += alike.requests
            if alike.answers:
                self._target_answers[target] += alike.answers
                self._target_first_content_s[target] += alike.first_content_s

    def reloaded(self, *, ok: bool) -> None:
        """The configuration was read again, and taken or refused."""
        self.reloads["ok" if ok else "refused"] += 1
        self.last_reload_ok = ok

    def targets_are(self, *, replicas: Iterable[str], peers: Iterable[str]) -> None:
        """The targets are now these: what was counted of others is not shown any more."""
        self._peers = frozenset(peers)
        known = self._peers.union(replicas)
        self.placements = {labels: count for labels, count in self.placements.items() if labels[1] in known}
        self.upstream_failures.keep(lambda key: key[0] in known)
        self._count_in()
        for tally in (self.died_mid_answer, self._target_answers, self._target_first_content_s):
            tally.keep(known.__contains__)
        self.from_peers.keep((self._peers | {OTHER}).__contains__)

    def models_are(self, models: Iterable[str]) -> None:
        """The replicas serve these: a name that a client made up is counted as `other`."""
        self._count_in()
        self._models = frozenset(models)
        self._by_model.keep((self._models | {OTHER}).__contains__)
