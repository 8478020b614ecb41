"""What a policy is: it chooses one of the targets that are available now.

The same policies serve both layers: the replicas of a region, and the balancers of a service.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple, Protocol

from nightshift.balancing.messages import Request
from nightshift.balancing.targets import Target


class Choice(NamedTuple):
    """A target, the share of the prompt (0 to 1) that it is believed to hold, and the rule that chose."""

    target: str
    matched: float
    reason: str


class Policy(Protocol):
    """Chooses. It sees targets only through what is passed in, and keeps what it needs for the next time."""

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """Choose one of `targets`: those that are available now, at least one."""

    def placed(self, request: Request, target: str) -> None:
        """The request goes to `target`, whoever chose it."""

    def targets_changed(self, targets: Iterable[str]) -> None:
        """The targets there are, available or not, are now these."""

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """Who of `among` would serve the request best from its cache, and the share (0 to 1) it holds."""


def least_loaded(targets: Sequence[Target], rng: Random) -> Target:
    """Return the target with the fewest outstanding requests; among equals a random one."""
    fewest = min(target.outstanding for target in targets)
    ties = [target for target in targets if target.outstanding == fewest]
    return ties[0] if len(ties) == 1 else rng.choice(ties)
