"""What is answered to a request that is not served: each cause with its status, code and Retry-After.

429 says that replicas exist and are busy, 503 that none can serve, 502 that those tried did not answer, 504
that the request's time is over, 404 that nobody serves its model or holds the response that it names, 403
that nobody who may serve it does. A request that may be tried again is told when, from the
rate at which the queue drains.
"""

from random import Random
from typing import Final

from nightshift.balancing.drain import DrainRate
from nightshift.balancing.explain import Explanations
from nightshift.balancing.messages import Reject
from nightshift.balancing.queue import Entry

RESPONSE_NOT_FOUND: Final = "response_not_found"
"""Said by a peer: nobody there, perhaps somebody elsewhere."""
_SHOWN: Final = 100
"""Characters of an id that is not known, in a message."""


class Refusals:
    """Makes the answers of one balancer, and has them explained."""

    def __init__(self, rng: Random, explanations: Explanations) -> None:
        self._rng = rng
        self._explanations = explanations
        self._drain = DrainRate()
        self.placed = self._drain.placed

    def queue_full(self, now: float, entry: Entry, waiting: int) -> Reject:
        """As many wait as may."""
        message = f"{waiting} requests are waiting already"
        return self._later(now, entry, 429, "queue_full", message, waiting=waiting)

    def waited_too_long(self, now: float, entry: Entry, waiting: int, *, limit_s: float) -> Reject:
        """Its time in the queue is over, and replicas there are."""
        message = f"no replica became available within {limit_s:g} s"
        return self._later(now, entry, 429, "queue_timeout", message, waiting=waiting)

    def no_replica(self, now: float, entry: Entry, waiting: int) -> Reject:
        """There is none that could ever serve it."""
        message = "no replica that could serve this is there"
        return self._later(now, entry, 503, "no_replica", message, waiting=waiting)

    def draining(self, now: float, entry: Entry, waiting: int) -> Reject:
        """This balancer is about to go."""
        message = "this balancer is shutting down and takes no new requests"
        return self._later(now, entry, 503, "draining", message, waiting=waiting)

    def unknown_model(self, now: float, entry: Entry) -> Reject:
        """All models are known, and it is none of them. In OpenAI's words."""
        message = f"The model `{entry.request.model}` does not exist"
        return self._explained(now, entry, Reject(entry.request.id, 404, "model_not_found", message))

    def residency(self, now: float, entry: Entry) -> Reject:
        """It may be served in some regions only, and nobody there serves it."""
        regions = ", ".join(sorted(entry.request.regions or ())) or "no region"
        message = f"this request may be served only in {regions}, and nobody is known there who serves it"
        return self._never(now, entry, 403, "residency", message)

    def response_unknown(self, now: float, entry: Entry) -> Reject:
        """Nobody is known to hold the stored response that it names, or it is another client's."""
        name = "" if entry.request.stored is None else entry.request.stored.id[:_SHOWN]
        message = f"Response with id '{name}' not found."  # vLLM's and SGLang's words
        return self._explained(now, entry, Reject(entry.request.id, 404, RESPONSE_NOT_FOUND, message))

    def response_gone(self, now: float, entry: Entry) -> Reject:
        """Who held the stored response is gone, or about to go."""
        name = "" if entry.request.stored is None else entry.request.stored.id[:_SHOWN]
        message = (
            f"Response with id '{name}' is no longer available: the replica that stored it is gone. "
            "Send the whole conversation instead"
        )
        return self._never(now, entry, 404, "response_gone", message)

    def holder_not_ready(self, now: float, entry: Entry, waiting: int) -> Reject:
        """Who holds the stored response, or may hold it, does not answer, and may again."""
        message = "who stored this response, or may have, does not answer at the moment"
        return self._later(now, entry, 503, "response_not_ready", message, waiting=waiting)

    def too_late(self, now: float, entry: Entry) -> Reject:
        """Its deadline has passed before it was placed."""
        message = "the request's deadline passed before a replica became available"
        return self._never(now, entry, 504, "deadline_exceeded", message)

    def unreachable(self, now: float, entry: Entry) -> Reject:
        """Too many targets in a row did not answer."""
        message = f"{entry.attempts} targets in a row could not be reached"
        return self._never(now, entry, 502, "upstream_unreachable", message)

    def not_sent(self, now: float, entry: Entry, waiting: int) -> Reject:
        """This balancer has no file left for a connection, and the request may not wait for one."""
        message = "this balancer has no room for another connection"
        return self._later(now, entry, 503, "no_room", message, waiting=waiting)

    def lost(self, now: float, entry: Entry, target: str, *, timed_out: bool) -> Reject:
        """Its target failed, or took too long, and it is not sent to another."""
        times = "" if entry.losses < 2 else f", the {entry.losses}th that failed with this request"
        if timed_out:
            message = f"{target} took too long to begin its answer{times}"
            return self._never(now, entry, 504, "upstream_timeout", message)
        message = f"{target} failed before it had answered{times}"
        return self._never(now, entry, 502, "upstream_lost", message)

    def _later(
        self, now: float, entry: Entry, status: int, code: str, message: str, *, waiting: int
    ) -> Reject:
        """It may be tried again when those who wait are through."""
        retry_after_s = self._drain.retry_after_s(now, waiting, self._rng)
        return self._explained(now, entry, Reject(entry.request.id, status, code, message, retry_after_s))

    def _never(self, now: float, entry: Entry, status: int, code: str, message: str) -> Reject:
        return self._explained(now, entry, Reject(entry.request.id, status, code, message, may_retry=False))

    def _explained(self, now: float, entry: Entry, reject: Reject) -> Reject:
        if now >= self._explanations.next_at:
            self._explanations.refused(now, entry, reject)
        return reject
