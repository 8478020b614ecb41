"""Talking with the other balancers: their reports at every probe interval, and questions for work.

The round trip told to the balancer is that of the very report it comes with, unfiltered: the balancer uses it
to know which of its requests the report cannot have counted yet.
"""

import logging
from collections.abc import Callable, Iterable

import orjson
from pydantic import TypeAdapter

from nightshift.balancing.messages import PeerReport
from nightshift.proxy.call import Call, Reply, post_json
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.poller import Poller, well_answered
from nightshift.proxy.pollers import Pollers
from nightshift.proxy.pool import Pool

REPORT_PATH = "/nightshift/report"
STEAL_PATH = "/nightshift/steal"

_log = logging.getLogger(__name__)
_REPORT = TypeAdapter(PeerReport)


class Peers:
    """The pollers of the peers, and the questions under way."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        make_pool: Callable[[Endpoint], Pool],
        timeout_s: float,
        lines: bytes,
        *,
        other_models: Callable[[str], None],
    ) -> None:
        """Reports come over a connection of its own for each peer, from `make_pool`.

        `lines` are the header lines that show whose questions they are. `other_models` is told of a peer that
        serves other models than before.
        """
        self._dispatcher = dispatcher
        self._make_pool = make_pool
        self._timeout_s = timeout_s
        self._lines = lines
        self._other_models = other_models
        self._pollers = Pollers(self._poller)
        self._reports: dict[str, PeerReport] = {}
        self._questions: dict[str, Call] = {}

    def set_peers(self, peers: Iterable[Endpoint]) -> None:
        """Ask these from now on. What stays the same is not disturbed."""
        self._pollers.set_targets(peers)
        for peer in [peer for peer in self._questions if peer not in self._pollers.by_id]:
            self._questions.pop(peer).cancel()

    def _poller(self, endpoint: Endpoint) -> Poller:
        return Poller(
            self._make_pool(endpoint),
            REPORT_PATH,
            self._dispatcher.now,
            self._timeout_s,
            heard=self._heard,
            silent=self._silent,
            lines=self._lines,
        )

    def show(self, lines: bytes) -> None:
        """Show these lines from now on; whom to ask has to be said again."""
        self._lines = lines
        self._pollers.set_targets(())

    def ask(self) -> None:
        """Ask all that owe no answer, and give up on questions for work that are too old."""
        self._pollers.ask()
        now = self._dispatcher.now()
        for peer, question in list(self._questions.items()):
            if now - question.started > self._timeout_s:
                question.cancel()
                self._granted(peer, 0)

    def stop(self) -> None:
        """Ask nobody any more."""
        self.set_peers(())

    @property
    def serving(self) -> int:
        """Peers that answer and have replicas."""
        return sum(
            poller.up is True and self._reports[peer].replicas > 0
            for peer, poller in self._pollers.by_id.items()
        )

    def ask_to_steal(self, peer: str, count: int) -> None:
        """Ask for up to `count` requests; the balancer hears what was granted, 0 if nothing came back."""
        pool = self._dispatcher.peers.get(peer)
        if pool is None or peer in self._questions:
            return
        body = orjson.dumps({"thief": self._dispatcher.balancer.name, "count": count})
        question = Call(
            pool,
            post_json(pool, STEAL_PATH, self._lines, body),
            self._dispatcher.now,
            answered=lambda reply: self._granted(peer, _granted_in(peer, reply)),
            failed=lambda reason: self._granted(peer, 0),
        )
        self._questions[peer] = question
        question.start()

    def _granted(self, peer: str, count: int) -> None:
        self._questions.pop(peer, None)
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.steal_answered(now, peer, count))

    def _heard(self, peer: str, reply: Reply) -> None:
        facts = orjson.loads(well_answered(reply))
        report = _REPORT.validate_python(facts)
        if facts.get("name") != peer:
            raise ValueError(f"calls itself {facts.get('name')!r}; give it that id")
        before, self._reports[peer] = self._reports.get(peer), report
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.peer_reported(now, peer, report, reply.elapsed_s))
        if before is None or before.models != report.models:
            self._other_models(peer)

    def _silent(self, peer: str) -> None:
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.peer_failed(now, peer))


def _granted_in(peer: str, reply: Reply) -> int:
    """Read the answer; a peer that refuses has given nothing."""
    if reply.status != 200:
        _log.warning("%s answered a question for work with status %d", peer, reply.status)
        return 0
    try:
        return int(orjson.loads(reply.body)["granted"])
    except (ValueError, KeyError, TypeError):
        return 0
