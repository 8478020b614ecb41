"""The requests that found no place at once: who may wait, who is next, and when waiting is over.

The order of arrival and the lanes are `queue.py`'s. Here is what is done with them: going over the heads,
giving some to a peer that asks for work, and refusing what has waited too long or has run out of time.
"""

from heapq import heappop, heappush

from nightshift.balancing.deadlines import Deadlines
from nightshift.balancing.messages import Action, HandOver, Reject
from nightshift.balancing.placement import Placement
from nightshift.balancing.policies import Choice
from nightshift.balancing.queue import Entry, Queue
from nightshift.balancing.refusals import Refusals
from nightshift.balancing.stealing import choose_loot
from nightshift.balancing.stored_placement import StoredPlacement
from nightshift.balancing.switches import Switches
from nightshift.balancing.targets import Peer


class Waiting:
    """See the head of the file."""

    def __init__(
        self,
        queue: Queue,
        placement: Placement,
        stored: StoredPlacement,
        refusals: Refusals,
        switches: Switches,
    ) -> None:
        self._queue = queue
        self._placement = placement
        self._stored = stored
        self._refusals = refusals
        self._max_queue = switches.max_queue
        self._max_queue_s = switches.max_queue_s
        self._deadlines = Deadlines()

    def use(self, switches: Switches) -> None:
        """Go by these from now on; who waits may cross, or not, by the new ones."""
        self._max_queue = switches.max_queue
        self._max_queue_s = switches.max_queue_s
        for entry in self._queue:
            self._placement.release(entry)
            entry.may_cross = self._placement.may_cross(entry.request.from_peer)
        self._queue.regroup(self._placement.lane)

    # Coming in

    def refusal(self, now: float, entry: Entry) -> Reject | None:
        """Say why a request that has arrived cannot even wait, if so."""
        waiting = len(self._queue)
        if self._placement.has_targets(entry):
            if waiting < self._max_queue:
                return None
            return self._refusals.queue_full(now, entry, waiting)
        if self._placement.model_is_unknown(entry):
            return self._refusals.unknown_model(now, entry)
        if self._placement.is_out_of_bounds(entry):
            return self._refusals.residency(now, entry)
        return self._refusals.no_replica(now, entry, waiting)

    def may_wait(self, now: float, entry: Entry) -> bool:
        """Tell whether a request that comes back may wait again."""
        in_time = not entry.is_late(now) and now < entry.arrived + self._max_queue_s
        return in_time and len(self._queue) < self._max_queue and self._placement.has_targets(entry)

    def take_in(self, entry: Entry) -> None:
        """A request that has just arrived waits."""
        self._queue.append(entry, self._placement.lane(entry))
        self._deadlines.add(entry, self._queue)

    def put_back(self, entry: Entry) -> None:
        """A request that had left takes its place in the order of arrival again."""
        self._queue.put_back(entry, self._placement.lane(entry))
        self._deadlines.add(entry, self._queue)

    # Going out

    def go_over(self, now: float) -> list[Action]:
        """Send off what can be sent, oldest first.

        A lane whose head can go nowhere is done with: placing others makes no room, and shortens this queue,
        to which peers compare theirs.
        """
        actions: list[Action] = []
        turns = self._queue.heads()
        while turns:
            lane = heappop(turns)[1]
            entry = self._queue.head(lane)
            action = None if entry is None else self._send_off(now, entry)
            if entry is None or action is None:
                continue
            actions.append(action)
            self._queue.remove(entry.request.id)
            if (head := self._queue.head(lane)) is not None:
                heappush(turns, (head.order, lane))
        return actions

    def _send_off(self, now: float, entry: Entry) -> Action | None:
        if entry.is_late(now):
            self._placement.release(entry)
            return self._refusals.too_late(now, entry)
        others = len(self._queue) - 1
        if entry.bound is not None:
            return self._stored.place(now, entry, others)
        action = self._placement.place(now, entry, others)
        if action is not None:
            self._refusals.placed(now)
        return action

    def give(self, now: float, thief: Peer, count: int) -> list[HandOver]:
        """Hand up to `count` requests to a peer that asks for work."""
        waiting = (e for e in self._queue.youngest_crossing_first() if self._may_take(now, thief, e))
        peers = self._placement.peers
        loot = choose_loot(waiting, thief.slot, peers.everyone | peers.self.bit, peers.policy, count)
        actions = []
        for entry in loot:
            self._queue.remove(entry.request.id)
            self._refusals.placed(now)
            actions.append(
                self._placement.hand_over(now, entry, thief, Choice(thief.slot, 0.0, "stolen"), thief.bit)
            )
        return actions

    def _may_take(self, now: float, thief: Peer, entry: Entry) -> bool:
        serves = self._placement.peers.eligible(entry.request) & thief.bit
        return bool(serves) and thief.id not in entry.avoid and not entry.is_late(now)

    def expire(self, now: float) -> list[Action]:
        """Refuse what has waited too long, and what has run out of time."""
        expired: list[Action] = []
        for id_ in self._deadlines.passed(now):
            entry = self._queue.remove(id_)
            if entry is not None:
                self._placement.release(entry)
                expired.append(self._refusals.too_late(now, entry))
        while (entry := self._queue.oldest()) is not None and entry.arrived + self._max_queue_s <= now:
            self._queue.remove(entry.request.id)
            self._placement.release(entry)
            expired.append(self._waited_in_vain(now, entry))
        return expired

    def _waited_in_vain(self, now: float, entry: Entry) -> Reject:
        waiting = len(self._queue)
        if self._placement.could_serve(entry):
            return self._refusals.waited_too_long(now, entry, waiting, limit_s=self._max_queue_s)
        return self._refusals.no_replica(now, entry, waiting)
