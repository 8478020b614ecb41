"""Consistent hashing: a request goes to the owner of its key on a hash ring.

The key is the client's (`x-hash-key`): a user, a session, a program. Requests without one go to the least
loaded target. The ring is built when it is first asked, from all targets there are then, and
changed by those that come and go afterwards.
"""

from random import Random

from nightshift.balancing.candidates import Candidates
from nightshift.balancing.hash_ring import POINTS_PER_TARGET, HashRing
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice, Simple
from nightshift.balancing.targets import Target


class _Allowed:
    """The ids of the targets in a mask, for a ring that asks about one after another."""

    __slots__ = ("_mask", "_slots")

    def __init__(self, slots: dict[str, int], mask: int) -> None:
        self._slots = slots
        self._mask = mask

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and bool(self._mask >> self._slots[id_] & 1)


class ConsistentHashing(Simple):
    """See the head of the file."""

    def __init__(self, rng: Random, points_each: int = POINTS_PER_TARGET) -> None:
        self._rng = rng
        self._points_each = points_each
        self._slots: dict[str, int] = {}
        self._ring: HashRing | None = None

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        key = self._key(request)
        owner = None if key is None else self._owner(key, among.mask)
        if owner is None:
            return Choice(among.least_loaded(self._rng), 0.0, "least_load_no_key")
        return Choice(owner, 0.0, "hash_ring")

    def arrived(self, target: Target) -> None:
        """See `Policy.arrived`."""
        self._slots[target.id] = target.slot
        if self._ring is not None:
            self._ring.add(target.id)

    def left(self, target: Target) -> None:
        """See `Policy.left`."""
        del self._slots[target.id]
        if self._ring is not None:
            self._ring.remove(target.id)

    def affinity(self, request: Request, among: int) -> tuple[int | None, float]:
        """See `Policy.affinity`: the owner of the key is where its requests went before."""
        key = self._key(request)
        owner = None if key is None else self._owner(key, among)
        return owner, 0.0 if owner is None else 1.0

    def _key(self, request: Request) -> str | None:
        """Return what the request is known by on the ring; None if by nothing."""
        return request.hash_key

    def _owner(self, key: str, mask: int) -> int | None:
        if self._ring is None:
            self._ring = HashRing(self._slots, self._points_each)
        owner = self._ring.find(key, _Allowed(self._slots, mask))
        return None if owner is None else self._slots[owner]
