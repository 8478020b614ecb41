"""What is alike in policies that go by how much of a prompt each target is believed to hold."""

from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Simple
from nightshift.balancing.prefix_index import PrefixIndex
from nightshift.balancing.targets import Target


class Holders(Simple):
    """Keeps an index of prefixes. A subclass has `pick`, and `scores` of what it weighs."""

    def __init__(self, index_bytes: int) -> None:
        self._index = PrefixIndex(index_bytes)

    @property
    def used_bytes(self) -> int | None:
        """See `Policy.used_bytes`."""
        return self._index.used_bytes

    def placed(self, request: Request, slot: int) -> None:
        """See `Policy.placed`."""
        self._index.insert(request.prompt, slot)

    def left(self, target: Target) -> None:
        """See `Policy.left`."""
        self._index.forget(target.slot)

    def affinity(self, request: Request, among: int) -> tuple[int | None, float]:
        """See `Policy.affinity`."""
        share, holders = self._index.match(request.prompt, among)
        return ((holders & -holders).bit_length() - 1, share) if holders else (None, 0.0)

    def held(self, request: Request, slot: int) -> float | None:
        """See `Policy.held`."""
        return self._share(request, slot)

    def _share(self, request: Request, slot: int) -> float:
        return self._index.match(request.prompt, 1 << slot)[0] if request.prompt.blocks else 0.0
