"""Round robin: the available targets in turn.

The turn counts placements, so when availability changes between two of them, a target may be passed over
or come twice, as in the original.
"""

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, Simple


class RoundRobin(Simple):
    """See the head of the file."""

    def __init__(self) -> None:
        self._turn = 0

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        slot = among.nth(self._turn % len(among))
        self._turn += 1
        return Choice(slot, 0.0, "round_robin")
