"""A set of places a balancer chooses from: its replicas (`replica_pool.py`), or its peers (`peer_pool.py`).

A pool joins the targets with the policy that chooses among them. It counts what was sent, and what became
of it; it does not know queues.

Sets of targets are masks of slots (`candidates.py`). They change when a target changes (a request sent or
over, a report, health), which costs O(1) however many targets there are; nothing on the path of a request
goes over all.
"""

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from random import Random
from typing import Generic, TypeVar

from nightshift.balancing.candidates import Candidates, LoadIndex, bits
from nightshift.balancing.messages import Request
from nightshift.balancing.policies import Choice, Policy, make_policy
from nightshift.balancing.regions import Regions
from nightshift.balancing.serving import Serving
from nightshift.balancing.switches import Imbalance, Switches
from nightshift.balancing.targets import Target

AnyTarget = TypeVar("AnyTarget", bound=Target)


class Pool(Generic[AnyTarget]):
    """Targets of one kind and the policy that chooses among them."""

    def __init__(self, policy: str, switches: Switches, rng: Random, *, blind: bool) -> None:
        """`blind` turns on the policy's imbalance check, for pools that do not ask about room."""
        self._rng = rng
        self.policy: Policy
        self._policy_made_of: tuple[object, ...] = ()
        self.targets: dict[str, AnyTarget] = {}
        self.serving = Serving()
        self.regions = Regions()
        self.everyone = 0
        """The mask of all targets."""
        self.loads = LoadIndex()
        self.outstanding = 0
        """Requests at all targets that are there."""
        self._by_slot: dict[int, AnyTarget] = {}
        self._at = self._by_slot.__getitem__
        self._among = Candidates(0, self.loads, self._at)
        self._free: list[int] = []
        self._choose_by(policy, switches, blind=blind)

    def _choose_by(self, policy: str, switches: Switches, *, blind: bool) -> None:
        """Have this policy choose from now on: the one there is, if it would be the same."""
        imbalance: Imbalance | None = switches.imbalance if blind else None
        made_of = (
            *(policy, imbalance, switches.match_threshold, switches.least_load_in_prefix),
            *(switches.index_bytes, switches.bounded_load, switches.cost, switches.weights),
        )
        if made_of == self._policy_made_of:
            return
        self._policy_made_of = made_of
        self.policy = make_policy(policy, switches, imbalance=imbalance, rng=self._rng)
        for target in self._by_slot.values():
            self.policy.arrived(target)

    # Who is there

    def _make(self, id_: str, slot: int) -> AnyTarget:
        raise NotImplementedError

    def set_targets(self, now: float, ids: Iterable[str], regions: Mapping[str, str]) -> None:
        """The targets are now these, in these regions; those that stay keep what is known of them."""
        wanted = dict.fromkeys(ids)
        for id_ in [id_ for id_ in self.targets if id_ not in wanted]:
            self._leave(self.targets.pop(id_))
        old, self.targets = self.targets, {}
        for id_ in wanted:
            self.targets[id_] = old.get(id_) or self._arrive(id_)
        self.regions.are((regions[id_], self.targets[id_].bit) for id_ in wanted if id_ in regions)

    def _arrive(self, id_: str) -> AnyTarget:
        slot = heappop(self._free) if self._free else len(self._by_slot)
        target = self._make(id_, slot)
        self._enter(target)
        self.everyone |= target.bit
        self.serving.set(target.bit, None)
        return target

    def _enter(self, target: AnyTarget) -> None:
        self._by_slot[target.slot] = target
        self.loads.enter(target.bit, 0)
        self.policy.arrived(target)

    def _leave(self, target: AnyTarget) -> None:
        del self._by_slot[target.slot]
        heappush(self._free, target.slot)
        self.everyone &= ~target.bit
        self.outstanding -= target.outstanding
        self.serving.drop(target.bit)
        self.loads.leave(target.bit, target.outstanding)
        self.policy.left(target)

    def here(self, target: Target) -> AnyTarget | None:
        """Return `target` if it is one of the pool's still; its slot may be another's by now."""
        found = self._by_slot.get(target.slot)
        return found if found is target else None

    def mask_of(self, ids: Iterable[str]) -> int:
        """Return the mask of those of `ids` that are there."""
        mask = 0
        for id_ in ids:
            if target := self.targets.get(id_):
                mask |= target.bit
        return mask

    def within(self, mask: int) -> Iterator[AnyTarget]:
        """Walk the targets of a mask."""
        return (self._by_slot[bit.bit_length() - 1] for bit in bits(mask))

    def eligible(self, request: Request) -> int:
        """Return the mask of those that serve the request's model and stand where it may be served."""
        return self.serving.of(request.model) & self.regions.of(request.regions)

    # Requests there

    def pick(self, request: Request, mask: int) -> tuple[AnyTarget, Choice]:
        """Have the policy choose among the targets of `mask`, at least one."""
        among = self._among
        if among.mask != mask:  # mostly those of the last time
            among = self._among = Candidates(mask, self.loads, self._at)
        choice = self.policy.pick(request, among)
        return self._by_slot[choice.slot], choice

    def scores(self, request: Request, mask: int) -> dict[int, float]:
        """Return the policy's figure for each of `mask`, by slot; for explanations."""
        return self.policy.scores(request, Candidates(mask, self.loads, self._at)) if mask else {}

    def sent(self, now: float, request: Request, target: AnyTarget) -> None:
        """Count `request` as sent to `target`."""
        before = target.outstanding
        target.sent(now, request.id)
        self.outstanding += 1
        self.loads.move(target.bit, before, before + 1)
        self._has_more(target, request.id)
        self.policy.placed(request, target.slot)

    def over(self, target: Target, request_id: str, *, well: bool = False) -> None:
        """A request is not there any more; `well`: the target has answered it to its end."""
        before = target.outstanding
        target.over(request_id)
        here = self._by_slot.get(target.slot)
        if here is not None and here is target:
            self.outstanding -= 1
            self.loads.move(target.bit, before, before - 1)
            self._has_less(here, request_id, well)

    def _has_more(self, target: AnyTarget, request_id: str) -> None:
        """A request was sent to one of the targets."""

    def _has_less(self, target: AnyTarget, request_id: str, well: bool) -> None:
        """A request is no longer at one of the targets."""

    def failed(self, now: float, target: Target, request_id: str) -> None:
        """The target failed with a request."""

    def unjudged(self, target: Target, request_id: str) -> None:
        """A request ended without saying anything of its target."""

    def unreachable(self, target: Target) -> None:
        """Nothing is sent there until it has reported again."""
