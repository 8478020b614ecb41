"""What an adapter is: from an engine's metrics page to a `ReplicaReport`.

Engines differ only in the names of their gauges, and versions of one engine do too; so an adapter is a table
of names, newest first. Counts are summed over the label sets (ranks of a data-parallel engine), a share is
averaged. A missing count means that nothing is known, which is an error; KV use may be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nightshift.backends.adapters.samples import MetricsError, values
from nightshift.balancing.messages import ReplicaReport


class Adapter(Protocol):
    """Reads the metrics page of one kind of engine."""

    @property
    def name(self) -> str:
        """The engine's name in settings."""

    def read(self, page: bytes) -> ReplicaReport:
        """Return what the page says. Raises `MetricsError` if it does not say how much waits and runs."""


@dataclass(frozen=True, slots=True)
class GaugeNames:
    """An adapter that needs no more than the names of three gauges, each with its older spellings."""

    name: str
    pending: Sequence[bytes]
    running: Sequence[bytes]
    kv_use: Sequence[bytes] = ()

    def recognises(self, page: bytes) -> bool:
        """Tell whether the page is this engine's."""
        return any(next(values(page, name), None) is not None for name in self.pending)

    def read(self, page: bytes) -> ReplicaReport:
        """See `Adapter.read`."""
        shares = _first_found(page, self.kv_use)
        return ReplicaReport(
            pending=self._count(page, self.pending),
            running=self._count(page, self.running),
            kv_use=sum(shares) / len(shares) if shares else None,
        )

    def _count(self, page: bytes, names: Sequence[bytes]) -> int:
        found = _first_found(page, names)
        if not found:
            raise MetricsError(f"the page of this {self.name} engine has no {names[0].decode()}")
        return round(sum(found))


def _first_found(page: bytes, names: Sequence[bytes]) -> list[float]:
    """Return the samples of the first of these names that the page has."""
    for name in names:
        if found := list(values(page, name)):
            return found
    return []
