"""Which replica, or which peer, holds which stored response (`/v1/responses` with `store`).

Engines keep what they answered in their own memory, each its own, under an id that they draw: `resp_` and 32
hexadecimal digits in vLLM and SGLang. So the balancer remembers where an id was answered, and whose it is.

Bounded in number: the least recently used go first, and those that nobody has asked for in a long time. An id
that is somebody's stays theirs: in vLLM and SGLang a client may choose the id itself (`request_id`), and must
not come by another's response that way.

Every operation costs O(1), and noting one O(1) amortized. Some 260 bytes each.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from nightshift.balancing.targets import Target

MOST_ID_BYTES: Final = 256
"""A longer id is not remembered: those of engines have 37 characters, and replicas are half-trusted."""


@dataclass(slots=True)
class Holding:
    """Who holds a response: a replica, or a peer that knows more.

    The target itself and not its name: one that left and came back under the same name is another engine.
    """

    target: Target
    at_peer: bool
    owner: str | None
    """The id of the client's key that it was made with; None: without keys."""
    used: float
    """When it was last asked for, on the balancer's clock in seconds."""
    charged: bool = False
    """Whether its owner was charged when it was fetched; see `StoredResponses.charge`."""


class StoredResponses:
    """See the head of the file."""

    def __init__(self, most: int, kept_s: float) -> None:
        """Remember `most` responses at most, each until it has not been asked for in `kept_s` seconds."""
        self._most = most
        self._kept_s = kept_s
        self._by_id: OrderedDict[str, Holding] = OrderedDict()
        """The least recently used first."""

    def __len__(self) -> int:
        return len(self._by_id)

    def use(self, now: float, most: int, kept_s: float) -> None:
        """Go by these bounds from now on."""
        self._most = most
        self._kept_s = kept_s
        self._forget(now)

    def note(self, now: float, id_: str, target: Target, *, at_peer: bool, owner: str | None) -> bool:
        """A target has answered with this id, or as who knows it. Return False if it is another's, or odd."""
        self._forget(now)
        by_id = self._by_id
        known = by_id.get(id_)
        if not id_ or len(id_) > MOST_ID_BYTES or (known is not None and known.owner != owner):
            return False
        charged = known is not None and known.charged
        by_id[id_] = Holding(target, at_peer, owner, now, charged)
        if known is not None:
            by_id.move_to_end(id_)
        elif len(by_id) > self._most:
            by_id.popitem(last=False)
        return True

    def find(self, now: float, id_: str, owner: str | None) -> Holding | None:
        """Return who holds a response, for its owner; what is another's is not found."""
        self._forget(now)
        holding = self._by_id.get(id_)
        if holding is None or holding.owner != owner:
            return None
        holding.used = now
        self._by_id.move_to_end(id_)
        return holding

    def charge(self, now: float, id_: str, owner: str | None) -> bool:
        """Tell whether what a response has used, made in the background and fetched now, is to be charged.

        Once for each: when it was asked for, nobody knew what it would come to.
        """
        holding = self.find(now, id_, owner)
        if holding is None or holding.charged:
            return False
        holding.charged = True
        return True

    def _forget(self, now: float) -> None:
        while self._by_id:
            oldest = next(iter(self._by_id.values()))
            if len(self._by_id) <= self._most and oldest.used + self._kept_s > now:
                break
            self._by_id.popitem(last=False)
