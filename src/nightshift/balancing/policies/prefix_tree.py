"""Prefix tree: a request goes where most of its prompt is believed to be in a KV cache.

The longest prefix is sought among the *available* targets only, so a busy holder does not hide a free one
that holds less. The match decides when it covers more than the threshold's share of the prompt; several
holders are told apart by load, then at random. Otherwise the least loaded target takes the request, and
with it the prefix.

Under blind push nothing keeps a popular prefix from drowning its holder, hence the imbalance check: when
loads differ too much, the least loaded target is chosen whatever it holds.
"""

from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.policies.holders import Holders
from nightshift.balancing.switches import Imbalance


class PrefixTree(Holders):
    """See the head of the file."""

    def __init__(
        self, *, threshold: float, index_bytes: int, imbalance: Imbalance | None, rng: Random
    ) -> None:
        """`imbalance` is None where admission already keeps loads apart from overload."""
        super().__init__(index_bytes)
        self._threshold = threshold
        self._imbalance = imbalance
        self._rng = rng

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        if self._imbalance is not None and _imbalanced(*among.spread(), self._imbalance):
            return Choice(among.least_loaded(self._rng), 0.0, "least_load_imbalance")
        prompt = request.prompt
        if not prompt.blocks:
            return Choice(among.least_loaded(self._rng), 0.0, "least_load_no_prompt")
        share, holders = self._index.match(prompt, among.mask)
        if share > self._threshold:
            return Choice(among.least_loaded(self._rng, holders), share, "prefix")
        slot = among.least_loaded(self._rng)
        return Choice(slot, share if holders >> slot & 1 else 0.0, "least_load_no_prefix")

    def worth_waiting(self, request: Request, there: int, busy: int) -> int:
        """See `Policy.worth_waiting`: whose match counts, and is longer than that of all with room."""
        prompt = request.prompt
        if not prompt.blocks:
            return 0
        share, holders = self._index.match(prompt, busy)
        if share <= self._threshold or (there and self._index.match(prompt, there)[0] >= share):
            return 0
        return holders


def _imbalanced(fewest: int, most: int, limit: Imbalance) -> bool:
    return most - fewest > limit.absolute and most > limit.relative * fewest
