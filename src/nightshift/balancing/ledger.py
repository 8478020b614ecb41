"""Where each request is that has left the queue and is not over."""

from collections.abc import Iterator
from dataclasses import dataclass

from nightshift.balancing.queue import Entry
from nightshift.balancing.targets import Target


@dataclass(slots=True, eq=False)
class Placed:
    """A request and the target it was sent to.

    It holds the target itself and not its name: a target that left and came back under the same name is
    another one, whose count this request does not belong to.
    """

    entry: Entry
    target: Target


class Ledger:
    """The requests that were sent and are not over, by id."""

    def __init__(self) -> None:
        self._placed: dict[str, Placed] = {}

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[Placed]:
        return iter(self._placed.values())

    def put(self, entry: Entry, target: Target) -> None:
        """Note that a request was sent to `target`, which has counted it."""
        self._placed[entry.request.id] = Placed(entry, target)

    def settle(self, request_id: str) -> Placed | None:
        """Take a request off its target's count; None if it was not here (it is over already)."""
        placed = self._placed.pop(request_id, None)
        if placed is not None:
            placed.target.over(request_id)
        return placed
