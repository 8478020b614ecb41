"""What is answered to a request that is not served: each cause with its status, code and Retry-After.

429 says that replicas exist and are busy, 503 that none can serve, 502 that those tried did not answer, 504
that the request's time is over, 404 that nobody serves its model. A request that may be tried again is told
when, from the rate at which the queue drains.
"""

from random import Random

from nightshift.balancing.drain import DrainRate
from nightshift.balancing.messages import Reject


class Refusals:
    """Makes the answers of one balancer."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._drain = DrainRate()
        self.placed = self._drain.placed

    def queue_full(self, now: float, request_id: str, waiting: int) -> Reject:
        """As many wait as may."""
        message = f"{waiting} requests are waiting already"
        return Reject(request_id, 429, "queue_full", message, self._retry_after_s(now, waiting))

    def waited_too_long(self, now: float, request_id: str, waiting: int, *, limit_s: float) -> Reject:
        """Its time in the queue is over, and replicas there are."""
        message = f"no replica became available within {limit_s:g} s"
        return Reject(request_id, 429, "queue_timeout", message, self._retry_after_s(now, waiting))

    def no_replica(self, now: float, request_id: str, waiting: int) -> Reject:
        """There is none that could ever serve it."""
        message = "no replica that could serve this is there"
        return Reject(request_id, 503, "no_replica", message, self._retry_after_s(now, waiting))

    def draining(self, now: float, request_id: str, waiting: int) -> Reject:
        """This balancer is about to go."""
        message = "this balancer is shutting down and takes no new requests"
        return Reject(request_id, 503, "draining", message, self._retry_after_s(now, waiting))

    def unknown_model(self, request_id: str, model: str) -> Reject:
        """All models are known, and it is none of them. In OpenAI's words."""
        message = f"The model `{model}` does not exist"
        return Reject(request_id, 404, "model_not_found", message)

    def too_late(self, request_id: str) -> Reject:
        """Its deadline has passed before it was placed."""
        message = "the request's deadline passed before a replica became available"
        return Reject(request_id, 504, "deadline_exceeded", message, may_retry=False)

    def unreachable(self, request_id: str, attempts: int) -> Reject:
        """Too many targets in a row did not answer."""
        message = f"{attempts} targets in a row could not be reached"
        return Reject(request_id, 502, "upstream_unreachable", message, may_retry=False)

    def lost(self, request_id: str, losses: int, target: str, *, timed_out: bool) -> Reject:
        """Its target failed, or took too long, and it is not sent to another."""
        times = "" if losses < 2 else f", the {losses}th that failed with this request"
        if timed_out:
            message = f"{target} took too long to begin its answer{times}"
            return Reject(request_id, 504, "upstream_timeout", message, may_retry=False)
        message = f"{target} failed before it had answered{times}"
        return Reject(request_id, 502, "upstream_lost", message, may_retry=False)

    def _retry_after_s(self, now: float, waiting: int) -> int:
        return self._drain.retry_after_s(now, waiting, self._rng)
