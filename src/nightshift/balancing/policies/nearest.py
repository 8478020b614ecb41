"""Nearest: the target with the shortest round trip, then the fewest outstanding requests.

The original calls it `proximate_first`. It means something between balancers only: replicas of one region
are equally near, and which of them answered its last probe soonest is chance. Hence it goes over all
candidates.
"""

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, Simple


class Nearest(Simple):
    """See the head of the file."""

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        chosen = min(among, key=lambda target: (target.rtt_s, target.outstanding, target.id))
        return Choice(chosen.slot, 0.0, "nearest")
