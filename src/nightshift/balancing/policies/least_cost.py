"""Least cost: the target where the first token is expected soonest, by round trip, queue and prefill.

The rule is GORGO's (arXiv 2602.11688; its code's first version): with t the time to prefill one token,

    cost = round trip + t x (tokens waiting there + weight x tokens there + tokens of the prompt not held)

The least cost wins, of equals a random one. As there, tokens are guessed at four bytes each, those that wait
are the reported number of waiting requests times the mean of those that are there (500 where none is), and
the round trip is smoothed.

Which requests have ended is not told to a policy, only how many are there; the oldest are taken to be the
ones that ended. O(candidates x depth of the match).
"""

from collections import deque
from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.policies.holders import Holders
from nightshift.balancing.switches import Cost
from nightshift.balancing.targets import Target

_BYTES_PER_TOKEN = 4
_UNKNOWN_TOKENS = 500
"""Of a request that waits where none of ours is (GORGO's)."""


class _There:
    """What was sent to a target and is thought to be there still, and how far away that is."""

    __slots__ = ("rtt_s", "target", "tokens", "total")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.tokens: deque[int] = deque()
        self.total = 0
        self.rtt_s: float | None = None

    def add(self, tokens: int) -> None:
        """A request of so many tokens goes there."""
        self.tokens.append(tokens)
        self.total += tokens
        self.trim()

    def trim(self) -> None:
        """Let those go that have ended since."""
        while len(self.tokens) > self.target.outstanding:
            self.total -= self.tokens.popleft()

    def smooth(self, weight: float) -> float:
        """Take the last round trip in, in seconds, and return the smoothed one."""
        last, before = self.target.rtt_s, self.rtt_s
        self.rtt_s = last if before is None else before + weight * (last - before)
        return self.rtt_s


class LeastCost(Holders):
    """See the head of the file."""

    def __init__(self, cost: Cost, index_bytes: int, rng: Random) -> None:
        super().__init__(index_bytes)
        self._cost = cost
        self._rng = rng
        self._there: dict[int, _There] = {}

    def arrived(self, target: Target) -> None:
        """See `Policy.arrived`."""
        self._there[target.slot] = _There(target)

    def left(self, target: Target) -> None:
        """See `Policy.left`."""
        super().left(target)
        del self._there[target.slot]

    def placed(self, request: Request, slot: int) -> None:
        """See `Policy.placed`."""
        super().placed(request, slot)
        self._there[slot].add(request.prompt.length_bytes // _BYTES_PER_TOKEN)

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        for target in among:
            self._there[target.slot].smooth(self._cost.rtt_smoothing)
        costs = self.scores(request, among)
        least = min(costs.values())
        slots = [slot for slot, cost in costs.items() if cost == least]
        slot = slots[int(self._rng.random() * len(slots))]
        return Choice(slot, self._share(request, slot), "least_cost")

    def scores(self, request: Request, among: Candidates) -> dict[int, float]:
        """See `Policy.scores`: the cost of each, in seconds."""
        return {target.slot: self._cost_of(request, target) for target in among}

    def _cost_of(self, request: Request, target: Target) -> float:
        there = self._there[target.slot]
        there.trim()
        mean = there.total / len(there.tokens) if there.tokens else _UNKNOWN_TOKENS
        missing = request.prompt.length_bytes / _BYTES_PER_TOKEN * (1.0 - self._share(request, target.slot))
        tokens = (target.waiting or 0) * mean + self._cost.running_weight * there.total + missing
        rtt_s = target.rtt_s if there.rtt_s is None else there.rtt_s
        return rtt_s + self._cost.prefill_s_per_token * tokens
