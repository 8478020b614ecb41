"""A balancer in virtual time: carries out what the state machine decides.

It is to the simulator what `proxy/` is to live traffic: it knows where things are and how long the way
is, and decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Action,
    AskToSteal,
    Decision,
    Forward,
    HandOver,
    PassOn,
    Reject,
    Request,
)
from nightshift.engine.request import RequestRefusedError
from nightshift.simulate.network import Network
from nightshift.simulate.replica import Answering, SimReplica
from nightshift.simulate.requests import Travelling


class SimBalancer:
    """One balancer at its place. `Shell` of the state machine."""

    def __init__(self, region: str, core: Balancer, network: Network) -> None:
        self.region = region
        self.core = core
        self.replicas: Mapping[str, SimReplica] = {}
        self.peers: Mapping[str, SimBalancer] = {}
        self.handed_over = 0
        self.on_changed: list[Callable[[], None]] = []
        """Called when what this balancer would report may be another than before."""
        self._network = network
        self._here: dict[str, Travelling] = {}
        self._declines: dict[str, Reject] = {}
        """What a peer answered to the request that the core is asked about."""

    def connect(self, replicas: Iterable[SimReplica], peers: Iterable["SimBalancer"]) -> None:
        """Make these the targets."""
        self.replicas = {replica.id: replica for replica in replicas}
        self.peers = {peer.core.name: peer for peer in peers}
        self.tell(
            self.core.targets_changed(
                self._now,
                replicas=self.replicas,
                peers=self.peers,
                replica_regions={id_: replica.region for id_, replica in self.replicas.items()},
                peer_regions={name: peer.region for name, peer in self.peers.items()},
            )
        )

    @property
    def _now(self) -> float:
        return self._network.schedule.now

    def tell(self, actions: Sequence[Action]) -> None:
        """Carry out what an event led to."""
        for action in actions:
            action.run(self)
        for changed in self.on_changed:
            changed()

    def arrive(self, travelling: Travelling, from_peer: str | None = None) -> None:
        """A request is here now."""
        served = travelling.served
        self._here[served.id] = travelling
        regions = travelling.regions
        request = Request(served.id, travelling.prompt, travelling.hash_key, from_peer, regions=regions)
        self.tell(self.core.request_arrived(self._now, request))
        # Live, the clock ticks ten times a second; here it does when something is due.
        self._network.schedule.after(self.core.switches.max_queue_s, self._expire)

    def _expire(self) -> None:
        if self.core.queue:
            self.tell(self.core.time_passed(self._now))

    def forward(self, action: Forward) -> None:
        """See `Shell.forward`."""
        replica, travelling = self.replicas[action.replica], self._here[action.request_id]
        self._note(travelling, action.decision)
        travelling.served.matched = action.decision.matched
        travelling.served.replica, travelling.served.served_by = replica.id, replica.region
        self._network.send(self.region, replica.region, partial(self._submit, replica, travelling))

    def hand_over(self, action: HandOver) -> None:
        """See `Shell.hand_over`."""
        peer, travelling = self.peers[action.peer], self._here[action.request_id]
        self._note(travelling, action.decision)
        travelling.served.hops += 1
        self.handed_over += 1
        back = partial(self._network.send, peer.region, self.region)
        onward = Travelling(
            travelling.served,
            travelling.prompt,
            travelling.hash_key,
            travelling.work,
            first=partial(back, travelling.first),
            finished=partial(back, partial(self._finished, travelling)),
            refused=lambda reject: back(partial(self._declined, travelling, reject)),
            regions=travelling.regions,
        )
        self._network.send(self.region, peer.region, partial(peer.arrive, onward, self.core.name))

    def reject(self, action: Reject) -> None:
        """See `Shell.reject`."""
        self._here.pop(action.request_id).refused(action)

    def pass_on(self, action: PassOn) -> None:
        """See `Shell.pass_on`."""
        travelling = self._here.pop(action.request_id)
        travelling.refused(self._declines.pop(action.request_id))
        self.tell(self.core.request_ended(self._now, action.request_id))

    def ask_to_steal(self, action: AskToSteal) -> None:
        """See `Shell.ask_to_steal`."""
        peer = self.peers[action.peer]
        self._network.send(self.region, peer.region, partial(peer.asked, self, action.count))

    def asked(self, thief: "SimBalancer", count: int) -> None:
        """A thief's question is here now."""
        actions = self.core.steal_asked(self._now, thief.core.name, count)
        self.tell(actions)
        self._network.send(self.region, thief.region, partial(thief.answered, self.core.name, len(actions)))

    def answered(self, victim: str, granted: int) -> None:
        """A victim's answer is here now."""
        self.tell(self.core.steal_answered(self._now, victim, granted))

    def _note(self, travelling: Travelling, decision: Decision) -> None:
        travelling.served.queued_s += decision.queued_s
        travelling.served.balancer = travelling.served.balancer or self.core.name

    def _submit(self, replica: SimReplica, travelling: Travelling) -> None:
        served = travelling.served
        back = partial(self._network.send, replica.region, self.region)

        def first(cached_tokens: int) -> None:
            served.cached_tokens = cached_tokens
            back(travelling.first)

        try:
            replica.submit(
                travelling.work, Answering(first, partial(back, partial(self._finished, travelling)))
            )
        except RequestRefusedError as error:
            served.failed = str(error)
            back(partial(self._finished, travelling))

    def _declined(self, travelling: Travelling, reject: Reject) -> None:
        """A peer placed the request nowhere."""
        id_ = travelling.served.id
        self._declines[id_] = reject
        self.tell(self.core.request_declined(self._now, id_))
        self._declines.pop(id_, None)

    def _finished(self, travelling: Travelling) -> None:
        """The last token of a request passed here."""
        del self._here[travelling.served.id]
        travelling.finished()
        self.tell(self.core.request_ended(self._now, travelling.served.id))
