"""Least load: the target with the fewest outstanding requests of this balancer; ties at random."""

from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, Simple


class LeastLoad(Simple):
    """See the head of the file."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        return Choice(among.least_loaded(self._rng), 0.0, "least_load")
