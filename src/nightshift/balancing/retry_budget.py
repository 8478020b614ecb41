"""How many requests may be sent a second time, so that failures do not breed load.

A budget and not a count for each request: when one replica dies, all its requests may be tried again; when
all of them die, retries stay a fifth of the traffic (the ratio and the reserve are linkerd's defaults: 20 %
of requests and 10 a second). Every arrival deposits a fifth of a retry; the reserve refills with time.
"""

from typing import Final

RATIO: Final = 0.2
RESERVE_PER_S: Final = 10.0
_MOST: Final = 100.0
"""Retries that may be saved up, from requests and from time together."""


class RetryBudget:
    """A bucket of retries, full at the start."""

    def __init__(self) -> None:
        self._left = _MOST
        self._refilled = 0.0
        self.denied = 0
        """Retries that were asked for and not there."""

    @property
    def left(self) -> float:
        """Retries that may be made now, without what has come with time since the last one."""
        return self._left

    def arrived(self) -> None:
        """A request came that was not here before."""
        left = self._left + RATIO
        self._left = left if left < _MOST else _MOST  # min() costs three times as much, for every request

    def spend(self, now: float) -> bool:
        """Take one retry, if there is one."""
        self._left = min(_MOST, self._left + max(0.0, now - self._refilled) * RESERVE_PER_S)
        self._refilled = now
        if self._left < 1:
            self.denied += 1
            return False
        self._left -= 1
        return True
