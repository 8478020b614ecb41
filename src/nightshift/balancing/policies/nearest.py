"""Nearest: the target with the shortest round trip, then the fewest outstanding requests.

The original calls it `proximate_first`. It means something between balancers only: replicas of one region
are equally near, and which of them answered its last probe soonest is chance.
"""

from collections.abc import Iterable, Sequence

from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.targets import Target


class Nearest:
    """See the head of the file."""

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """See `Policy.pick`."""
        chosen = min(targets, key=lambda target: (target.rtt_s, target.outstanding, target.id))
        return Choice(chosen.id, 0.0, "nearest")

    def placed(self, request: Request, target: str) -> None:
        """See `Policy.placed`."""

    def targets_changed(self, targets: Iterable[str]) -> None:
        """See `Policy.targets_changed`."""

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """See `Policy.affinity`: this policy knows of no cache."""
        return None, 0.0
