"""Weighted scores: each target is scored from 0 to 1 for its cache, its queue and its memory; the best wins.

The rule is that of llm-d's endpoint picker (and of the Gateway API Inference Extension it came from), with
the profile and the weights that its charts install: `prefix-cache-scorer`, the share of the prompt that a
target is believed to hold; `queue-scorer`, (longest - queue) / (longest - shortest) over the candidates, 1
where all are alike; `kv-cache-utilization-scorer`, 1 - use. The score is the sum of each times its weight; of
equals a random one (`max-score-picker`). Queue and use are those of the last report, and 0 where an engine
says nothing, as there. O(candidates x depth of the match).
"""

from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.policies.holders import Holders
from nightshift.balancing.switches import Weights


class WeightedScores(Holders):
    """See the head of the file."""

    def __init__(self, weights: Weights, index_bytes: int, rng: Random) -> None:
        super().__init__(index_bytes)
        self._weights = weights
        self._rng = rng

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        scores = self.scores(request, among)
        most = max(scores.values())
        slots = [slot for slot, score in scores.items() if score == most]
        slot = slots[int(self._rng.random() * len(slots))]
        return Choice(slot, self._share(request, slot), "weighted_scores")

    def scores(self, request: Request, among: Candidates) -> dict[int, float]:
        """See `Policy.scores`: from 0 to the sum of the weights."""
        weights = self._weights
        queues = {target.slot: target.waiting or 0 for target in among}
        longest, spread = max(queues.values()), max(queues.values()) - min(queues.values())
        return {
            target.slot: weights.prefix * self._share(request, target.slot)
            + weights.queue * ((longest - queues[target.slot]) / spread if spread else 1.0)
            + weights.kv * (1.0 - (target.kv_use or 0.0))
            for target in among
        }
