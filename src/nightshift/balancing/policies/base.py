"""What a policy is: it chooses one of the targets that are available now.

The same policies serve both layers: the replicas of a region, and the balancers of a service.
"""

from typing import Protocol

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.targets import Target


class Choice:
    """A target's slot, the share of the prompt (0 to 1) it is believed to hold, and the rule that chose."""

    __slots__ = ("matched", "reason", "slot")

    def __init__(self, slot: int, matched: float, reason: str) -> None:
        self.slot = slot
        self.matched = matched
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Choice) and self.facts() == other.facts()

    def __hash__(self) -> int:
        return hash(self.facts())

    def __repr__(self) -> str:
        return f"Choice{self.facts()}"

    def facts(self) -> tuple[int, float, str]:
        """Return slot, share and rule."""
        return self.slot, self.matched, self.reason


class Policy(Protocol):
    """Chooses. It sees targets only through what is passed in, and keeps what it needs for the next time."""

    @property
    def used_bytes(self) -> int | None:
        """Memory of its index of prefixes; None if it has none."""

    def pick(self, request: Request, among: Candidates) -> Choice:
        """Choose one of those that are available now, at least one."""

    def placed(self, request: Request, slot: int) -> None:
        """The request goes to the target in `slot`, whoever chose it."""

    def arrived(self, target: Target) -> None:
        """A target is there from now on, available or not."""

    def left(self, target: Target) -> None:
        """A target is gone; its slot may be another's next."""

    def affinity(self, request: Request, among: int) -> tuple[int | None, float]:
        """Who of the mask `among` would serve the request best from its cache, and the share (0 to 1) it
        holds."""

    def held(self, request: Request, slot: int) -> float | None:
        """The share of the prompt that a target is believed to hold; None if this policy does not look."""

    def worth_waiting(self, request: Request, there: int, busy: int) -> int:
        """Return those of the mask `busy` that would serve the request from their cache so much better than
        any of the mask `there`, which have room, that it may wait for them; mostly none."""

    def scores(self, request: Request, among: Candidates) -> dict[int, float]:
        """By slot, the figure that decides between those of `among`; empty if the policy weighs none. To
        explain a decision: nothing on the path of a request asks for it."""


class Simple:
    """What is alike in policies that keep nothing."""

    @property
    def used_bytes(self) -> int | None:
        """See `Policy.used_bytes`: there is no index."""
        return None

    def placed(self, request: Request, slot: int) -> None:
        """See `Policy.placed`."""

    def arrived(self, target: Target) -> None:
        """See `Policy.arrived`."""

    def left(self, target: Target) -> None:
        """See `Policy.left`."""

    def affinity(self, request: Request, among: int) -> tuple[int | None, float]:
        """See `Policy.affinity`: this policy knows of no cache."""
        return None, 0.0

    def held(self, request: Request, slot: int) -> float | None:
        """See `Policy.held`: this policy knows of no cache."""
        return None

    def worth_waiting(self, request: Request, there: int, busy: int) -> int:
        """See `Policy.worth_waiting`: nobody is."""
        return 0

    def scores(self, request: Request, among: Candidates) -> dict[int, float]:
        """See `Policy.scores`: this policy weighs nothing."""
        return {}
