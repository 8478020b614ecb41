"""Least load: the target with the fewest outstanding requests of this balancer; ties at random."""

from collections.abc import Iterable, Sequence
from random import Random

from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, least_loaded
from nightshift.balancing.targets import Target


class LeastLoad:
    """See the head of the file."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """See `Policy.pick`."""
        return Choice(least_loaded(targets, self._rng).id, 0.0, "least_load")

    def placed(self, request: Request, target: str) -> None:
        """See `Policy.placed`."""

    def targets_changed(self, targets: Iterable[str]) -> None:
        """See `Policy.targets_changed`."""

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """See `Policy.affinity`: this policy knows of no cache."""
        return None, 0.0
