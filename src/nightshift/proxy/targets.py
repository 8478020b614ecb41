"""The replicas and peers of now: their pools of connections, their probes, and what the balancer knows."""

from collections.abc import Callable, Iterable, Mapping

from nightshift.errors import UserError
from nightshift.proxy.access.tls import ClientTls
from nightshift.proxy.catalogue import Catalogue
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.limits import Limits
from nightshift.proxy.peers import Peers
from nightshift.proxy.pool import Pool
from nightshift.proxy.probes import Probes
from nightshift.proxy.settings import Targets, is_https


class TargetSet:
    """Changes all that knows of targets together."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        probes: Probes,
        peers: Peers,
        catalogue: Catalogue,
        *,
        name: str,
        region: str,
        make_pool: Callable[[Endpoint], Pool],
        client_tls: ClientTls,
    ) -> None:
        """`name` is this balancer's own; `region` is that of a replica which names none."""
        self._name = name
        self._dispatcher = dispatcher
        self._probes = probes
        self._peers = peers
        self._catalogue = catalogue
        self._region = region
        self._make_pool = make_pool
        self._client_tls = client_tls

    def change(self, targets: Targets) -> None:
        """The targets are now these. Requests under way stay where they are. Raises `UserError`."""
        if self._name in (peer.id for peer in targets.peers):
            raise UserError(f"peers: {self._name} is this balancer itself; leave it out")
        tls = self._client_tls
        replicas = [
            Endpoint.at(
                replica.id,
                replica.region or self._region,
                replica.address,
                tls.for_replicas() if is_https(replica.address) else None,
                replica.upstream_authorization,
            )
            for replica in targets.replicas
        ]
        peers = [
            Endpoint.at(
                peer.id,
                peer.region or peer.id,
                peer.address,
                tls.for_peers() if is_https(peer.address) else None,
            )
            for peer in targets.peers
        ]
        dispatcher = self._dispatcher
        dispatcher.replicas = self._pools(dispatcher.replicas, replicas)
        dispatcher.peers = self._pools(dispatcher.peers, peers)
        engines = (replica.engine for replica in targets.replicas)
        self._probes.set_replicas(zip(replicas, engines, strict=True))
        self._peers.set_peers(peers)
        settled = {r.id: frozenset(r.models) for r in targets.replicas if r.models}
        self._catalogue.set_targets(replicas, peers, settled)
        dispatcher.perform(
            dispatcher.balancer.targets_changed(
                dispatcher.now(),
                replicas=dispatcher.replicas,
                peers=dispatcher.peers,
                replica_regions={replica.id: replica.region for replica in replicas},
                peer_regions={peer.id: peer.region for peer in peers},
            )
        )
        self._catalogue.name_settled()

    def use(self, limits: Limits) -> None:
        """Connect to the targets by these limits from now on."""
        for pool in (*self._dispatcher.replicas.values(), *self._dispatcher.peers.values()):
            pool.limits = limits

    def close(self) -> None:
        """Talk to nobody any more."""
        self._probes.stop()
        self._peers.stop()
        self._catalogue.stop()
        for pool in (*self._dispatcher.replicas.values(), *self._dispatcher.peers.values()):
            pool.close()

    def _pools(self, old: Mapping[str, Pool], endpoints: Iterable[Endpoint]) -> dict[str, Pool]:
        """Return a pool for each endpoint, the old one where nothing changed; close the others."""
        new = {}
        for endpoint in endpoints:
            kept = old.get(endpoint.id)
            new[endpoint.id] = kept if kept and kept.endpoint == endpoint else self._make_pool(endpoint)
        for pool in old.values():
            if new.get(pool.endpoint.id) is not pool:
                pool.close()
        return new
