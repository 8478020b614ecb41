"""What each of several processes is told: its name, its siblings, its replicas. Pure.

Process `i` of a balancer called NAME is called `NAME/i`, has the others as peers, and knows all peers that
NAME knows. Replicas are *own* ones, dealt out in turn, or *shared*, all of them for each:

- own: one process alone knows what is outstanding on a replica, and has all its prefixes in one index. What
  finds no room among a process's own replicas goes to a sibling that has some.
- shared: any process can use any replica, and needs no sibling for it, but each learns of the others'
  requests from the replica's reports alone, and each has seen only its part of the prefixes.

Where requests are kept in regions and replicas stand in several, only shared ones will do: a process knows a
sibling by one region, and would not find the replicas of another one behind it.

Limits hold for each process: of queues, connections, memory for an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nightshift.errors import UserError
from nightshift.proxy.seen.settings import CLEAR
from nightshift.proxy.settings import Settings


def check_tls(settings: Settings) -> None:
    """Raise `UserError` for what several processes cannot do.

    Between themselves they speak on loopback and in clear. A peer elsewhere needs an encrypted connection to
    one certain process, and there is none: the public port leads to any of them.
    """
    if settings.tls is not None and settings.peers:
        raise UserError("tls and peers with several processes: end TLS in front of them, or use one process")
    if settings.peer_tls is not None:
        raise UserError("peer_tls with several processes: they have no certificates among themselves")


class Division(StrEnum):
    """How replicas are divided among processes."""

    AUTO = "auto"
    """Own ones where there is one for each process at least, and no rule of regions speaks against it;
    otherwise shared."""
    OWN = "own"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Sibling:
    """One process as the others see it."""

    id: str
    address: str


def names(name: str, count: int) -> list[str]:
    """Return the names of the processes of balancer `name`."""
    return [f"{name}/{number}" for number in range(count)]


def divided(
    settings: Settings, number: int, siblings: Sequence[Sibling], tokens: Sequence[str], division: Division
) -> dict[str, Any]:
    """Return the settings of process `number` of all `siblings`, itself among them, as plain data."""
    region = settings.region
    peers = [
        {"id": sibling.id, "address": sibling.address, "region": region}
        for place, sibling in enumerate(siblings)
        if place != number
    ]
    plain = settings.model_dump(mode="json", context=CLEAR)
    replicas = plain["replicas"]
    return {
        **plain,
        "name": siblings[number].id,
        "replicas": replicas[number :: len(siblings)]
        if _own(division, settings, len(siblings))
        else replicas,
        "peers": [*plain["peers"], *peers],
        "peer_token": tokens,
        "seed": settings.seed + number,  # not the same chance in each
        "admin": _admin(plain["admin"], number),
    }


def _admin(admin: dict[str, Any] | None, number: int) -> dict[str, Any] | None:
    """Each process has an admin API of its own: at the ports from the given one on, or at any free ones."""
    if admin is None or not admin["port"]:
        return admin
    return {**admin, "port": admin["port"] + number}


def _own(division: Division, settings: Settings, processes: int) -> bool:
    replicas = len(settings.replicas)
    regions = sorted({replica.region or settings.region for replica in settings.replicas})
    is_bound = bool(settings.residency) and len(regions) > 1
    if division is Division.OWN and is_bound:
        raise UserError(
            f"residency, and replicas in {', '.join(regions)}: processes cannot have replicas of their own; "
            "use shared replicas"
        )
    if division is Division.OWN and replicas < processes:
        raise UserError(
            f"{processes} processes cannot have replicas of their own: there are {replicas}; "
            "use fewer processes, or shared replicas"
        )
    return division is Division.OWN or (division is Division.AUTO and replicas >= processes and not is_bound)
