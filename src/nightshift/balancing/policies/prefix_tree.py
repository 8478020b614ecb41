"""Prefix tree: a request goes where most of its prompt is believed to be in a KV cache.

The longest prefix is sought among the *available* targets only, so a busy holder does not hide a free one
that holds less. The match decides when it covers more than the threshold's share of the prompt; several
holders are told apart by load, then at random. Otherwise the least loaded target takes the request, and
with it the prefix.

Under blind push nothing keeps a popular prefix from drowning its holder, hence the imbalance check: when
loads differ too much, the least loaded target is chosen whatever it holds.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from random import Random

from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, least_loaded
from nightshift.balancing.prefix_index import PrefixIndex
from nightshift.balancing.switches import Imbalance
from nightshift.balancing.targets import Target


class PrefixTree:
    """See the head of the file."""

    def __init__(
        self, *, threshold: float, index_bytes: int, imbalance: Imbalance | None, rng: Random
    ) -> None:
        """`imbalance` is None where admission already keeps loads apart from overload."""
        self._threshold = threshold
        self._imbalance = imbalance
        self._rng = rng
        self._index = PrefixIndex(index_bytes)
        self._slots: dict[str, int] = {}

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """See `Policy.pick`."""
        if self._imbalance is not None and _imbalanced(targets, self._imbalance):
            return Choice(least_loaded(targets, self._rng).id, 0.0, "least_load_imbalance")
        if not request.prompt.blocks:
            return Choice(least_loaded(targets, self._rng).id, 0.0, "least_load_no_prompt")
        share, holders = self._index.match(request.prompt, self._mask(target.id for target in targets))
        if share > self._threshold:
            best = least_loaded(
                [target for target in targets if self._mask([target.id]) & holders], self._rng
            )
            return Choice(best.id, share, "prefix")
        chosen = least_loaded(targets, self._rng).id
        return Choice(chosen, share if self._mask([chosen]) & holders else 0.0, "least_load_no_prefix")

    def placed(self, request: Request, target: str) -> None:
        """See `Policy.placed`."""
        self._index.insert(request.prompt, self._slot(target))

    def targets_changed(self, targets: Iterable[str]) -> None:
        """See `Policy.targets_changed`."""
        keep = set(targets)
        for gone in self._slots.keys() - keep:
            self._index.forget(self._slots.pop(gone))
        for target in keep:
            self._slot(target)

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """See `Policy.affinity`."""
        share, holders = self._index.match(request.prompt, self._mask(among))
        best = next((target for target in among if self._mask([target]) & holders), None)
        return best, share

    def _slot(self, target: str) -> int:
        if target not in self._slots:
            taken = set(self._slots.values())
            self._slots[target] = next(slot for slot in count() if slot not in taken)
        return self._slots[target]

    def _mask(self, targets: Iterable[str]) -> int:
        mask = 0
        for target in targets:
            mask |= 1 << self._slot(target)
        return mask


def _imbalanced(targets: Sequence[Target], limit: Imbalance) -> bool:
    loads = [target.outstanding for target in targets]
    most, fewest = max(loads), min(loads)
    return most - fewest > limit.absolute and most > limit.relative * fewest
