"""The pollers of a set of targets that changes: those that stay the same are not disturbed."""

from collections.abc import Callable, Iterable

from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.poller import Poller


class Pollers:
    """One poller for each target, by its id; `make` makes one, with a connection of its own."""

    def __init__(self, make: Callable[[Endpoint], Poller]) -> None:
        self._make = make
        self.by_id: dict[str, Poller] = {}

    def set_targets(self, endpoints: Iterable[Endpoint]) -> None:
        """Ask these from now on."""
        old = self.by_id
        self.by_id = {}
        for endpoint in endpoints:
            kept = old.get(endpoint.id)
            same = kept is not None and kept.endpoint == endpoint
            self.by_id[endpoint.id] = old.pop(endpoint.id) if same else self._make(endpoint)
        for poller in old.values():
            poller.stop()

    def ask(self) -> None:
        """Ask all that owe no answer."""
        for poller in self.by_id.values():
            poller.ask()
