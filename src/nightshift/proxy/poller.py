"""Asking one target the same question again and again, over a connection of its own.

One question is under way at a time: a target that answers slowly is asked less often, not more. A question
without an answer in time is given up, with its connection.
"""

import logging
from collections.abc import Callable

from nightshift.proxy.call import Call, Reply, get
from nightshift.proxy.pool import Pool

_log = logging.getLogger(__name__)


def well_answered(reply: Reply) -> bytes:
    """Return the body of an answer with status 200. Raises ValueError for another."""
    if reply.status != 200:
        raise ValueError(f"status {reply.status}")
    return reply.body


class Poller:
    """`heard` gets each answer, whatever its status; it raises ValueError for one that is no good."""

    def __init__(
        self,
        pool: Pool,
        path: str,
        clock: Callable[[], float],
        timeout_s: float,
        *,
        heard: Callable[[str, Reply], None],
        silent: Callable[[str], None],
        lines: bytes = b"",
    ) -> None:
        """`silent` is told of each question that got no good answer. Both get the target's id.

        `lines` are more header lines of the question.
        """
        self._pool = pool
        self.endpoint = pool.endpoint
        self._payload = get(pool, path, lines)
        self._what = f"{pool.endpoint.id} {path}"
        self._clock = clock
        self._timeout_s = timeout_s
        self._heard = heard
        self._silent = silent
        self._call: Call | None = None
        self.up: bool | None = None
        """Whether the last answer was good; None before the first."""

    def ask(self) -> None:
        """Ask, unless an answer is still awaited."""
        if self._call is not None:
            if self._clock() - self._call.started <= self._timeout_s:
                return
            self._call.cancel()
            self._failed(f"no answer within {self._timeout_s} s")
        self._call = Call(
            self._pool, self._payload, self._clock, answered=self._answered, failed=self._failed
        )
        self._call.start()

    def stop(self) -> None:
        """Ask no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._pool.close()

    def _answered(self, reply: Reply) -> None:
        self._call = None
        try:
            self._heard(self.endpoint.id, reply)
        except ValueError as error:
            self._failed(str(error))
            return
        if self.up is not True:
            _log.info("%s answers", self._what)
        self.up = True

    def _failed(self, reason: str) -> None:
        self._call = None
        if self.up is not False:  # one line for each change, not for each probe
            _log.warning("%s: %s", self._what, reason)
        self.up = False
        self._silent(self.endpoint.id)
