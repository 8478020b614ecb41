"""Consistent hashing: a request goes to the owner of its key on a hash ring.

The key is the client's (`x-hash-key`): a user, a session, a program. Requests without one go to the least
loaded target.
"""

from collections.abc import Iterable, Sequence
from random import Random

from nightshift.balancing.hash_ring import HashRing
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, least_loaded
from nightshift.balancing.targets import Target


class ConsistentHashing:
    """See the head of the file."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._ids: frozenset[str] = frozenset()
        self._ring = HashRing(())

    def pick(self, request: Request, targets: Sequence[Target]) -> Choice:
        """See `Policy.pick`."""
        if request.hash_key is not None:
            owner = self._ring.find(request.hash_key, {target.id for target in targets})
            if owner is not None:
                return Choice(owner, 0.0, "hash_ring")
        return Choice(least_loaded(targets, self._rng).id, 0.0, "least_load_no_key")

    def placed(self, request: Request, target: str) -> None:
        """See `Policy.placed`."""

    def targets_changed(self, targets: Iterable[str]) -> None:
        """See `Policy.targets_changed`."""
        ids = frozenset(targets)
        for gone in self._ids - ids:
            self._ring.remove(gone)
        for new in ids - self._ids:
            self._ring.add(new)
        self._ids = ids

    def affinity(self, request: Request, among: Sequence[str]) -> tuple[str | None, float]:
        """See `Policy.affinity`: the owner of the key is where its requests went before."""
        owner = None if request.hash_key is None else self._ring.find(request.hash_key, set(among))
        return owner, 0.0 if owner is None else 1.0
