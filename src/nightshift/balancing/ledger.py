"""Where each request is that has left the queue and is not over."""

from collections.abc import Iterator

from nightshift.balancing.queue import Entry
from nightshift.balancing.targets import Target


class Ledger:
    """The requests that were sent and are not over, by id; each entry knows its `target`."""

    def __init__(self) -> None:
        self._placed: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._placed.values())

    def put(self, entry: Entry, target: Target) -> None:
        """Note that a request was sent to `target`, which has counted it."""
        entry.target = target
        entry.judged = False
        self._placed[entry.request.id] = entry

    def get(self, request_id: str) -> Entry | None:
        """Return a request that is somewhere; None if it is not here (it is over already)."""
        return self._placed.get(request_id)

    def pop(self, request_id: str) -> Entry | None:
        """Take a request out; None if it is not here. The caller takes it off its target's count."""
        placed = self._placed
        entry = placed.get(request_id)
        if entry is not None:  # `pop` costs as much as both, and in the compiled build three times
            del placed[request_id]
        return entry
