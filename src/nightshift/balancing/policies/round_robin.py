"""Round robin: the available targets in turn.

The turn counts placements, so when availability changes between two of them, a target may be passed over
or come twice, as in the original.
"""

from collections.abc import Iterable, Sequence

from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.targets import Target


class RoundRobin:
    """See the head of the file."""

    def __init__(self) -> None:
        self._turn = 0

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """See `Policy.pick`."""
        chosen = targets[self._turn % len(targets)]
        self._turn += 1
        return Choice(chosen.id, 0.0, "round_robin")

    def placed(self, request: Request, target: str) -> None:
        """See `Policy.placed`."""

    def targets_changed(self, targets: Iterable[str]) -> None:
        """See `Policy.targets_changed`."""

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """See `Policy.affinity`: this policy knows of no cache."""
        return None, 0.0
