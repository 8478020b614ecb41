"""All ports of a fleet, taken before anything starts.

So a port in use is noticed by the one who can say so, nothing is half-started then, and every address is
known when the configurations are written. A socket goes to the child that listens on it; what cannot
inherit one gets a port that is held for it (`processes.reserve`).
"""

import socket
from types import TracebackType

from nightshift.control.local.plan import Engine, FleetPlan
from nightshift.control.local.wiring import WAN, Wiring
from nightshift.processes import address_of, bind, reserve

PROMETHEUS = "router-prometheus"
"""The name of the SGLang router's second port."""


class Sockets:
    """The sockets of a fleet by name. The parent's copies are closed at the end of the `with` block.

    They must be: while the parent holds a listening socket, connections to a child that has died would
    hang in its queue instead of being refused.
    """

    def __init__(self) -> None:
        self._sockets: dict[str, socket.socket] = {}
        self.addresses: dict[str, str] = {}

    @classmethod
    def of(cls, plan: FleetPlan, wiring: Wiring) -> "Sockets":
        """Take all ports of a fleet. Raises `UserError` when one is in use."""
        sockets = cls()
        try:
            sockets._take_all(plan, wiring)
        except BaseException:  # on every way out, cancellation too; raised again
            sockets.close()
            raise
        return sockets

    def _take_all(self, plan: FleetPlan, wiring: Wiring) -> None:
        doors = {wiring.endpoints[region.name]: region for region in reversed(plan.regions)}
        names = [entry.name for entry in wiring.entries] + [link.name for link in wiring.links]
        foreign = {"router"}
        if wiring.links:
            names.append(WAN)
        if "router" in names:
            names.append(PROMETHEUS)
            foreign.add(PROMETHEUS)
        for replica in wiring.replicas:
            names.append(replica.id)
            if plan.engine is Engine.LLAMA_CPP:
                foreign.add(replica.id)
        for name in names:
            host, port = (doors[name].host, doors[name].port) if name in doors else ("127.0.0.1", 0)
            self._sockets[name] = reserve(host, port) if name in foreign else bind(host, port)
            self.addresses[name] = address_of(self._sockets[name])

    def fd(self, name: str) -> int:
        """Return the file descriptor of a socket, for the child that inherits it."""
        return self._sockets[name].fileno()

    def close(self) -> None:
        """Close the parent's copies; children keep theirs."""
        for sock in self._sockets.values():
            sock.close()

    def __enter__(self) -> "Sockets":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
