"""What the admin API asks of the balancer and tells it. The server implements it.

All is called in the event loop, and all but the metrics page answers at once. What is wrong with a request is
raised: `UserError` with one line that names the cause and the fix (the API answers 422, and what was in force
stays in force), `UnknownReplicaError` (404).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nightshift.errors import UserError
from nightshift.proxy.settings import Targets


class UnknownReplicaError(UserError):
    """There is no replica of this id."""

    def __init__(self, replica: str) -> None:
        super().__init__(f"no replica {replica!r} here; GET /admin/state lists them")


@dataclass(frozen=True, slots=True)
class ReplicaDrain:
    """A replica that takes nothing new, or takes again; `outstanding` requests are still there."""

    id: str
    draining: bool
    outstanding: int


class Console(Protocol):
    """See the head of the file."""

    def health(self) -> Mapping[str, Any]:
        """Whether this process runs, and whether it drains: `schemas.Health`."""

    def state(self) -> Mapping[str, Any]:
        """All that the balancer knows and has done: `schemas.State`."""

    def decisions(self, last: int) -> Sequence[Mapping[str, Any]]:
        """The latest decisions, up to `last`, the newest first: `schemas.Decision`."""

    def config(self) -> Mapping[str, Any]:
        """The settings in force, as they would stand in a file. The API masks what is secret."""

    def drain(self, grace_s: float | None) -> float:
        """Take no new requests, let running ones end for `grace_s` (None: the limit's default); return it."""

    def reload(self) -> Sequence[str]:
        """Read the configuration file again and return the keys that changed. Raises `UserError`."""

    def change_targets(self, targets: Targets) -> None:
        """The replicas and peers are now these. Raises `UserError`."""

    def change_settings(self, changes: Mapping[str, Any]) -> Sequence[str]:
        """These settings are in force now; return the keys that changed. Raises `UserError`."""

    def drain_replica(self, replica: str, *, draining: bool) -> ReplicaDrain:
        """Send nothing new to a replica, or send again. Raises `UnknownReplicaError`."""

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """The page for a scraper, and its content type; see `seen.exposition`."""
