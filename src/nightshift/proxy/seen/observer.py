"""Who is told of each request: metrics always, the access log and traces when they are on.

What is switched off costs nothing: it is not in the list.
"""

from collections.abc import Sequence
from typing import Protocol

from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.outcome import Outcome


class Witness(Protocol):
    """Sees each request twice: when it has arrived, and when it is over."""

    def began(self, outcome: Outcome, headers: HeaderLines) -> HeaderLines:
        """A request with these header lines has arrived. Return the lines that go on to a target."""

    def ended(self, outcome: Outcome) -> None:
        """It is over."""

    def tick(self) -> None:
        """A good moment to write what was gathered."""

    def reopen(self) -> None:
        """The file behind may have been moved away."""

    def close(self) -> None:
        """Write what is left, in a bounded time."""


class Observer:
    """The one face that the rest of the proxy sees."""

    __slots__ = ("_witnesses", "metrics")

    def __init__(self, metrics: Metrics, witnesses: Sequence[Witness] = ()) -> None:
        self.metrics = metrics
        self._witnesses = tuple(witnesses)

    def began(self, outcome: Outcome, headers: HeaderLines) -> HeaderLines:
        """See `Witness.began`. Without traces the very list that was given comes back."""
        for witness in self._witnesses:
            headers = witness.began(outcome, headers)
        return headers

    def ended(self, outcome: Outcome) -> None:
        """A request is over; call it exactly once for each."""
        self.metrics.ended(outcome)
        for witness in self._witnesses:
            witness.ended(outcome)

    def tick(self) -> None:
        """Call it at every probe interval."""
        for witness in self._witnesses:
            witness.tick()

    def reopen(self) -> None:
        """Call it on SIGHUP and on a reload."""
        for witness in self._witnesses:
            witness.reopen()

    def close(self) -> None:
        """Call it when the last request is over. Blocks for a few seconds at most."""
        for witness in self._witnesses:
            witness.close()
