"""One direction of one link: its path, whether it is cut, and what went over it."""

from typing import Protocol

from nightshift.wan.delay import Path
from nightshift.wan.lateness import Lateness


class Flow(Protocol):
    """What a lane knows of a flow that it carries."""

    in_flight_bytes: int

    def send_again(self) -> None:
        """Let all that waits set out now."""


class Lane:
    """The state that the flows of one direction of a link share.

    `chunks` and `bytes` count what was delivered; `held` is true while this direction is cut.
    """

    __slots__ = ("bytes", "chunks", "flows", "held", "lateness", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held = False
        self.flows: set[Flow] = set()
        self.lateness = Lateness()
        self.chunks = 0
        self.bytes = 0

    def cut(self) -> None:
        """Hold what is under way and what comes."""
        self.held = True

    def heal(self) -> None:
        """Let what was held set out anew, with the whole delay before it."""
        if self.held:
            self.held = False
            for flow in tuple(self.flows):
                flow.send_again()

    @property
    def in_flight_bytes(self) -> int:
        """Bytes read from a sender and not yet handed to the kernel of the receiver."""
        return sum(flow.in_flight_bytes for flow in self.flows)
