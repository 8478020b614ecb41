"""When waiting requests run out of time: a heap of the deadlines of those that have one and really wait.

A request that leaves the queue is not looked for here; its deadline is dropped when it comes up, or when
those that are left over outnumber the requests that wait. So each costs O(log n), once.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from nightshift.balancing.queue import Entry, Queue

_FEW = 64


class Deadlines:
    """See the head of the file."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, entry: Entry, queue: Queue) -> None:
        """A request waits in `queue` from now on."""
        deadline = entry.request.deadline
        if deadline is None:
            return
        if len(self._heap) > 2 * len(queue) + _FEW:
            self._rebuild(queue)
        heappush(self._heap, (deadline, entry.request.id))

    def passed(self, now: float) -> Iterable[str]:
        """Take out the requests whose time is over; some of them do not wait any more."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)[1]

    def _rebuild(self, queue: Queue) -> None:
        requests = (entry.request for entry in queue)
        self._heap = [(r.deadline, r.id) for r in requests if r.deadline is not None]
        heapify(self._heap)
