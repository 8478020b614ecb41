"""The requests that wait in a balancer, first come first served among those that could go to the same places.

They stand in *lanes*, by where they may go: the model, whether they may cross to a peer, the targets that are
ruled out for them because they failed with the request, the regions that may serve them, and the one target
that holds what they name. Without lanes, one request that must stay would hold up all behind it that could
leave. All lanes share one order of arrival: whoever goes over the queue takes the lanes' heads by it, and
when a head can go nowhere, neither can the rest of its lane.

There are few lanes: a model that nobody names has none of its own (the caller's `model` of a lane is empty
then), so that clients cannot make lanes. Every operation costs O(1), but for going over the heads, and
walking the lanes for a thief.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import takewhile
from typing import NamedTuple

from nightshift.balancing.messages import Request
from nightshift.balancing.targets import Target


class Lane(NamedTuple):
    """Where the requests of a lane may go."""

    model: str
    may_cross: bool
    avoid: tuple[str, ...] = ()
    """Targets that are ruled out, by name: one that was removed and named again is another object."""
    regions: frozenset[str] | None = None
    """The only ones that may serve them; None: any may."""
    holder: Target | None = None
    """The one that they wait for: because it holds the stored response that they name, and nobody else may
    serve them, or because it holds their prefix, and others may when they have waited long enough."""


class Bound:
    """What a request is bound to that names a stored response. `holder` is None while it is being sought."""

    __slots__ = ("at_peer", "holder")

    def __init__(self, holder: Target | None, *, at_peer: bool) -> None:
        self.holder = holder
        self.at_peer = at_peer


class Entry:
    """A request and what this balancer needs to remember of it until it is over."""

    __slots__ = (
        *("arrived", "at_peer", "attempts", "avoid", "bound", "holds", "holds_for", "judged", "kept", "lane"),
        *("losses", "may_cross", "order", "request", "target"),
    )

    def __init__(self, request: Request, arrived: float, order: int, may_cross: bool) -> None:
        self.request = request
        self.arrived = arrived
        """When, on the balancer's clock in seconds."""
        self.order = order
        """Its place in the order of arrival; a request that comes back keeps it."""
        self.may_cross = may_cross
        self.attempts = 0
        """How often it was sent to a target that could not be reached."""
        self.losses = 0
        """How many targets failed while they had it."""
        self.kept = False
        """Whether a push system chose this balancer itself for it."""
        self.judged = False
        """Whether its present target has had its verdict for this request."""
        self.avoid: tuple[str, ...] = ()
        """Targets that it is not to be sent to again."""
        self.target: Target | None = None
        """Where it is, when it is not in the queue. The target itself and not its name: one that left and
        came back under the same name is another one, whose count this request does not belong to."""
        self.at_peer = False
        """Whether that is a peer."""
        self.lane: Lane | None = None
        """Its lane, while it is in the queue."""
        self.bound: Bound | None = None
        """Set while it may go to one target only; see `stored_placement.py`."""
        self.holds = False
        """Whether it waits for a replica that has its prefix, while others have room; see `placement.py`."""
        self.holds_for: Target | None = None
        """The one that it waited for first, which names its lane."""

    def is_late(self, now: float) -> bool:
        """Tell whether its deadline has passed: then it is placed nowhere."""
        deadline = self.request.deadline
        return deadline is not None and deadline <= now


class Queue:
    """See the head of the file."""

    def __init__(self) -> None:
        self.waiting: dict[str, Entry] = {}
        """All of them by id. To look into it is quicker than to ask for `len(queue)`."""
        self._lanes: dict[Lane, OrderedDict[str, Entry]] = {}
        self.crossing = 0
        """How many may cross."""

    def __len__(self) -> int:
        return len(self.waiting)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.waiting.values())

    def append(self, entry: Entry, lane: Lane) -> None:
        """Add a request that has just arrived."""
        id_ = entry.request.id
        self.waiting[id_] = entry
        self.crossing += lane.may_cross
        entry.lane = lane
        self._lanes.setdefault(lane, OrderedDict())[id_] = entry

    def put_back(self, entry: Entry, lane: Lane) -> None:
        """Return a request that had left to its place in the order of arrival."""
        self.append(entry, lane)
        others = self._lanes[lane]
        # What comes back is older than all but what came back before it, so few stand before its place.
        older = list(takewhile(lambda other: other.order < entry.order, others.values()))
        for other in (entry, *reversed(older)):
            others.move_to_end(other.request.id, last=False)

    def remove(self, request_id: str) -> Entry | None:
        """Take a request out wherever it stands; None if it is not here."""
        entry = self.waiting.pop(request_id, None)
        if entry is None or entry.lane is None:
            return None
        lane, entry.lane = entry.lane, None
        self.crossing -= lane.may_cross
        entries = self._lanes[lane]
        del entries[request_id]
        if not entries:
            del self._lanes[lane]
        return entry

    def regroup(self, lane_of: Callable[[Entry], Lane]) -> None:
        """Sort all into lanes anew, because what distinguishes them has changed. Costs O(n log n)."""
        waiting = sorted(self.waiting.values(), key=lambda entry: entry.order)
        self.waiting, self._lanes, self.crossing = {}, {}, 0
        for entry in waiting:
            self.append(entry, lane_of(entry))

    def head(self, lane: Lane) -> Entry | None:
        """Return the request that has waited longest in `lane`."""
        entries = self._lanes.get(lane)
        return None if entries is None else next(iter(entries.values()))

    def heads(self) -> list[tuple[int, Lane]]:
        """Return the order of arrival of each lane's head, as a heap."""
        return sorted((next(iter(entries.values())).order, lane) for lane, entries in self._lanes.items())

    def oldest(self) -> Entry | None:
        """Return the request that has waited longest."""
        heads = (next(iter(entries.values())) for entries in self._lanes.values())
        return min(heads, key=lambda entry: entry.order, default=None)

    def youngest_crossing_first(self) -> Iterator[Entry]:
        """Walk the requests that may cross, from the tail of the queue."""
        crossing = (reversed(entries.values()) for lane, entries in self._lanes.items() if lane.may_cross)
        return merge(*crossing, key=lambda entry: entry.order, reverse=True)
