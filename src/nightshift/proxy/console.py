"""What operators ask this balancer and tell it, answered from its parts; see `admin.console.Console`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nightshift.balancing.explain import Explained
from nightshift.proxy.admin.console import ReplicaDrain, UnknownReplicaError
from nightshift.proxy.configuration import Configuration
from nightshift.proxy.readings import read
from nightshift.proxy.seen.exposition import Exposition
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Targets


class ServerConsole:
    """The console of one server."""

    def __init__(self, server: Server, configuration: Configuration) -> None:
        self._server = server
        self._configuration = configuration
        self._page = Exposition(server.parts.metrics, lambda: read(server))
        self._draining: asyncio.Task[None] | None = None

    def health(self) -> Mapping[str, Any]:
        """See `Console.health`."""
        identity = self._server.parts.identity
        status = "draining" if self._server.draining else "ok"
        return {"status": status, "name": identity.name, "region": identity.region}

    def state(self) -> Mapping[str, Any]:
        """See `Console.state`."""
        return self._server.parts.state()

    def decisions(self, last: int) -> Sequence[Mapping[str, Any]]:
        """See `Console.decisions`."""
        dispatcher = self._server.dispatcher
        now = dispatcher.now()
        return [_decision(now, explained) for explained in dispatcher.balancer.decisions(last)]

    def config(self) -> Mapping[str, Any]:
        """See `Console.config`."""
        return self._server.settings.model_dump(mode="json")

    def drain(self, grace_s: float | None) -> float:
        """See `Console.drain`. What is not over then is cut off; the process is ended by a signal."""
        grace_s = self._server.settings.limits.drain_s if grace_s is None else grace_s
        if self._draining is None or self._draining.done():
            self._draining = asyncio.get_running_loop().create_task(self._drain(grace_s))
        return grace_s

    async def _drain(self, grace_s: float) -> None:
        if not await self._server.drain(grace_s):
            self._server.cut_off()

    def reload(self) -> Sequence[str]:
        """See `Console.reload`."""
        return self._configuration.reload()

    def change_targets(self, targets: Targets) -> None:
        """See `Console.change_targets`."""
        self._server.change_targets(targets)

    def change_settings(self, changes: Mapping[str, Any]) -> Sequence[str]:
        """See `Console.change_settings`."""
        return self._configuration.change(changes)

    def drain_replica(self, replica: str, *, draining: bool) -> ReplicaDrain:
        """See `Console.drain_replica`."""
        dispatcher = self._server.dispatcher
        target = dispatcher.balancer.replicas.targets.get(replica)
        if target is None:
            raise UnknownReplicaError(replica)
        dispatcher.perform(dispatcher.balancer.replica_draining(dispatcher.now(), replica, draining))
        return ReplicaDrain(replica, draining, target.outstanding)

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """See `Console.metrics`."""
        return await self._page.page(accept)


def _decision(now: float, explained: Explained) -> dict[str, Any]:
    facts = asdict(explained)
    candidates = [
        {"id": candidate.pop("target"), "matched": candidate.pop("prefix_share"), **candidate}
        for candidate in facts.pop("candidates")
    ]
    age_s = round(now - facts.pop("time_s"), 3)
    return {"request_id": facts.pop("request"), "age_s": age_s, **facts, "candidates": candidates}
