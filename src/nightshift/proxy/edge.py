"""What all connections of clients share: limits, doors, and the clocks that end what takes too long.

One tick drives every time limit.
"""

from collections.abc import Callable
from typing import Protocol

from nightshift.proxy.doors import Doors
from nightshift.proxy.limits import Limits
from nightshift.proxy.timeouts import Deadlines, Stalls

_MOST_TURNED_AWAY = 256


class Connection(Protocol):
    """A client's connection, as far as time limits are concerned."""

    def idle_too_long(self) -> None:
        """It had no request for too long."""

    def too_slow(self) -> None:
        """Its request takes too long to come."""

    def lingered(self) -> None:
        """It had its time to read the last answer."""

    def abort(self) -> None:
        """It takes nothing of what is sent to it, or its other side is gone."""

    def untaken_bytes(self) -> int:
        """How much it has not taken."""


class Edge:
    """`tick` is to be called every `timeouts.TICK_S`."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.doors = Doors(limits)
        self.idle: Deadlines[Connection] = Deadlines(limits.idle_s, clock, _idle_too_long)
        self.heads: Deadlines[Connection] = Deadlines(limits.header_s, clock, _too_slow)
        self.bodies: Deadlines[Connection] = Deadlines(limits.body_s, clock, _too_slow)
        self.lingering: Deadlines[Connection] = Deadlines(limits.linger_s, clock, _lingered)
        self.stalled: Stalls[Connection] = Stalls(limits.write_stall_s, clock, _abort, _untaken_bytes)

    @property
    def is_besieged(self) -> bool:
        """Whether so many are being told that there is no room that one more is not told."""
        return len(self.lingering) >= _MOST_TURNED_AWAY

    def change(self, limits: Limits) -> None:
        """Take other limits, for connections that are open too. Clocks that run go on from their start."""
        self.limits = limits
        self.doors.change(limits)
        self.idle.duration_s = limits.idle_s
        self.heads.duration_s = limits.header_s
        self.bodies.duration_s = limits.body_s
        self.lingering.duration_s = limits.linger_s
        self.stalled.change(limits.write_stall_s)

    def tick(self) -> None:
        """End what is over."""
        self.idle.expire()
        self.heads.expire()
        self.bodies.expire()
        self.lingering.expire()
        self.stalled.expire()


def _idle_too_long(connection: Connection) -> None:
    connection.idle_too_long()


def _too_slow(connection: Connection) -> None:
    connection.too_slow()


def _lingered(connection: Connection) -> None:
    connection.lingered()


def _abort(connection: Connection) -> None:
    connection.abort()


def _untaken_bytes(connection: Connection) -> int:
    return connection.untaken_bytes()
