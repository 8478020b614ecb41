"""Reports in virtual time: every interval as live, but only when there is news.

A probe leaves on a fixed grid of times, reads the target's state one way later, and is back after the
round trip. Twelve replicas probed ten times a second are ten million probes a day, nearly all of which say
what the last one said; a balancer does nothing on those. So a probe is only simulated when the target has
changed since the last one, or when the balancer still counts requests as unseen. The result is the same. As
live, one probe of a target is under way at a time, so that far targets are read less often.
"""

import math
from collections.abc import Callable
from functools import partial

from nightshift.simulate.balancer import SimBalancer
from nightshift.simulate.network import Network
from nightshift.simulate.replica import SimReplica


class Prober:
    """Reads one target for one balancer. `read` is called at the target, `unseen` tells of doubts."""

    def __init__(
        self,
        *,
        network: Network,
        interval_s: float,
        phase_s: float,
        way: tuple[str, str],
        read: Callable[[], Callable[[float], None]],
        unseen: Callable[[], bool],
    ) -> None:
        """`way` is (balancer's region, target's); `read` returns what to do with the answer and its RTT."""
        self._schedule = network.schedule
        self._interval_s = interval_s
        self._phase_s = phase_s
        self._there_s = network.delay_s(*way)
        self._rtt_s = self._there_s + network.delay_s(*reversed(way))
        self._read = read
        self._unseen = unseen
        self._under_way = False
        self._missed_news = False

    def news(self) -> None:
        """The target may have changed: probe at the next time of the grid."""
        if self._under_way:
            self._missed_news = True
            return
        self._under_way = True
        schedule = self._schedule
        turns = math.floor((schedule.now - self._phase_s) / self._interval_s) + 1
        schedule.at(self._phase_s + turns * self._interval_s, self._ask)

    def _ask(self) -> None:
        asked = self._schedule.now
        self._schedule.after(self._there_s, partial(self._arrive, asked))

    def _arrive(self, asked: float) -> None:
        self._missed_news = False  # what has changed until now is in the answer
        answer = self._read()
        self._schedule.at(asked + self._rtt_s, partial(self._answered, answer))

    def _answered(self, answer: Callable[[float], None]) -> None:
        self._under_way = False
        answer(self._rtt_s)
        if self._missed_news or self._unseen():
            self.news()


def probe_replica(balancer: SimBalancer, replica: SimReplica, network: Network, phase_s: float) -> Prober:
    """Return the prober of a replica, told of changes by the replica itself."""
    core = balancer.core
    target = core.replicas.targets[replica.id]

    def read() -> Callable[[float], None]:
        report = replica.report()

        def answer(rtt_s: float) -> None:
            balancer.tell(core.replica_probed(network.schedule.now, replica.id, report, rtt_s))

        return answer

    prober = Prober(
        network=network,
        interval_s=core.switches.probe_interval_s,
        phase_s=phase_s,
        way=(balancer.region, replica.region),
        read=read,
        unseen=lambda: bool(target.unseen),
    )
    replica.on_news.append(prober.news)
    return prober


def probe_peer(balancer: SimBalancer, peer: SimBalancer, network: Network, phase_s: float) -> Prober:
    """Return the prober of a peer, told of changes by the peer itself.

    Most events of a busy peer change nothing that it reports, so an unchanged report is not delivered.
    """
    core = balancer.core
    target = core.peers.targets[peer.core.name]

    def read() -> Callable[[float], None]:
        report = peer.core.report()

        def answer(rtt_s: float) -> None:
            if report == target.report and not target.unseen and target.asked_to_steal_at is None:
                return
            balancer.tell(core.peer_reported(network.schedule.now, peer.core.name, report, rtt_s))

        return answer

    return Prober(
        network=network,
        interval_s=core.switches.probe_interval_s,
        phase_s=phase_s,
        way=(balancer.region, peer.region),
        read=read,
        unseen=lambda: bool(target.unseen) or target.asked_to_steal_at is not None,
    )
