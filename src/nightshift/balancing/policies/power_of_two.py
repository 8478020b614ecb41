"""Power of two choices: of two targets drawn at random, the one with fewer outstanding requests.

The rule is Mitzenmacher's ("The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 2001), and what
Envoy's least-request balancer does with equal weights (`choice_count` 2).
"""

from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, Simple


class PowerOfTwo(Simple):
    """See the head of the file."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        count = len(among)
        if count == 1:
            return Choice(among.nth(0), 0.0, "only_one")
        first = int(self._rng.random() * count)
        second = int(self._rng.random() * (count - 1))
        second += second >= first  # two different ones, each pair alike
        pair = 1 << among.nth(first) | 1 << among.nth(second)
        return Choice(among.least_loaded(self._rng, pair), 0.0, "power_of_two")
