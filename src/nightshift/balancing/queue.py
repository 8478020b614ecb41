"""The requests that wait in a balancer, first come first served.

Two lanes share one order of arrival. Requests in the lane that may cross can be handed to a peer, or be
stolen by one; the others (they came from a peer, or the system does not let requests cross) can only go
to a replica of this region. Without the lanes, one request that must stay would hold up all behind it
that could leave. Every operation costs O(1), except walking the lane for a thief.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from nightshift.balancing.messages import Request


@dataclass(slots=True, eq=False)
class Entry:
    """A request and what this balancer needs to remember of it until it is over."""

    request: Request
    arrived: float
    """When, on the balancer's clock in seconds."""
    order: int
    """Its place in the order of arrival; a request that comes back keeps it."""
    may_cross: bool
    attempts: int = 0
    """How often it was sent to a target that could not be reached."""
    losses: int = 0
    """How many targets failed while they had it."""
    kept: bool = False
    """Whether a push system chose this balancer itself for it."""


class Queue:
    """See the head of the file."""

    def __init__(self) -> None:
        self._crossing: OrderedDict[str, Entry] = OrderedDict()
        self._staying: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._crossing) + len(self._staying)

    def _lane(self, entry: Entry) -> OrderedDict[str, Entry]:
        return self._crossing if entry.may_cross else self._staying

    def append(self, entry: Entry) -> None:
        """Add a request that has just arrived."""
        self._lane(entry)[entry.request.id] = entry

    def put_back(self, entry: Entry) -> None:
        """Return a request that had left to its place in the order of arrival."""
        lane = self._lane(entry)
        # What comes back is older than all but what came back before it, so few stand before its place.
        older = list(takewhile(lambda other: other.order < entry.order, lane.values()))
        lane[entry.request.id] = entry
        for other in (entry, *reversed(older)):
            lane.move_to_end(other.request.id, last=False)

    def remove(self, request_id: str) -> Entry | None:
        """Take a request out wherever it stands; None if it is not here."""
        return self._crossing.pop(request_id, None) or self._staying.pop(request_id, None)

    @property
    def crossing(self) -> int:
        """How many may cross."""
        return len(self._crossing)

    def oldest(self) -> Entry | None:
        """Return the request that has waited longest."""
        heads = [next(iter(lane.values())) for lane in (self._crossing, self._staying) if lane]
        return min(heads, key=lambda entry: entry.order, default=None)

    def oldest_crossing(self) -> Entry | None:
        """Return the request that has waited longest of those that may cross."""
        return next(iter(self._crossing.values()), None)

    def youngest_crossing_first(self) -> Iterator[Entry]:
        """Walk the requests that may cross, from the tail of the queue."""
        return reversed(self._crossing.values())
