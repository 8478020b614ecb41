"""Reading each replica's metrics page at every probe interval, and telling the balancer."""

from collections.abc import Callable, Iterable

from nightshift.backends.adapters import Adapter, MetricsError, adapter_named
from nightshift.backends.adapters.base import read_answer
from nightshift.proxy.call import Reply
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.poller import Poller
from nightshift.proxy.pollers import Pollers
from nightshift.proxy.pool import Pool


class Probes:
    """The pollers of the replicas."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        make_pool: Callable[[Endpoint], Pool],
        timeout_s: float,
        *,
        came_up: Callable[[str], None],
    ) -> None:
        """Each replica is probed over a connection of its own, from `make_pool`.

        `came_up` is told of a replica that answers for the first time, or again.
        """
        self._came_up = came_up
        self._dispatcher = dispatcher
        self._make_pool = make_pool
        self._timeout_s = timeout_s
        self._pollers = Pollers(self._poller)
        self._adapters: dict[str, Adapter] = {}

    def set_replicas(self, replicas: Iterable[tuple[Endpoint, str]]) -> None:
        """Probe these from now on, by the adapters of these engines. What stays the same is not disturbed."""
        named = list(replicas)
        self._adapters = {endpoint.id: adapter_named(engine) for endpoint, engine in named}
        self._pollers.set_targets(endpoint for endpoint, _ in named)

    def _poller(self, endpoint: Endpoint) -> Poller:
        return Poller(
            self._make_pool(endpoint),
            self._adapters[endpoint.id].metrics_path,
            self._dispatcher.now,
            self._timeout_s,
            heard=self._heard,
            silent=self._silent,
        )

    def ask(self) -> None:
        """Ask all that owe no answer."""
        self._pollers.ask()

    def stop(self) -> None:
        """Probe nobody any more."""
        self.set_replicas(())

    @property
    def up(self) -> int:
        """Replicas whose last probe was answered well."""
        return sum(poller.up is True for poller in self._pollers.by_id.values())

    def _heard(self, replica: str, reply: Reply) -> None:
        try:
            report = read_answer(self._adapters[replica], reply.status, reply.body)
        except MetricsError as error:
            raise ValueError(str(error)) from error
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.replica_probed(now, replica, report, reply.elapsed_s))
        if not self._pollers.by_id[replica].up:
            self._came_up(replica)

    def _silent(self, replica: str) -> None:
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.replica_failed(now, replica))
