"""Where the clients of a region ask a service: found from what the controller says of it.

On clouds that is the service's name, behind which Route53 answers with the nearest balancer, or the nearest
balancer's address where the service has no name. On this machine it is the nearest balancer's address as seen
from the region: through the emulated WAN, if it stands in another one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.bench.script.systems import BASELINES, Chosen
from nightshift.control.controller.distance import distances
from nightshift.errors import UserError

View = Mapping[str, Any]


def entry_points(chosen: Chosen, view: View) -> list[View]:
    """Return the units that clients may ask: the service's balancers, or its baseline. Raises `UserError`."""
    kind = BASELINES.get(chosen.system.suffix)
    name = view["name"]
    if kind is None:
        found = [unit for unit in view["balancers"] if _serves(unit)]
        if not found:
            raise UserError(
                f"service {name} has no balancer that is ready; see `nightshift serve status {name}`"
            )
        return found
    found = [unit for unit in view["baselines"] if unit["baseline"] == kind and _serves(unit)]
    if not found:
        raise UserError(
            f"no {kind} is ready before service {name}: `nightshift baseline up {kind} --service {name}`, "
            "and `nightshift baseline status` shows when it is"
        )
    return found


def nearest(region: str, units: Sequence[View]) -> View:
    """Return the unit that DNS would lead a client of `region` to. Raises `UserError` if none is known."""
    distance = distances()
    unit = min(units, key=lambda one: distance(region, one["region"]))
    if distance(region, unit["region"]) == float("inf"):
        raise UserError(
            f"region {region} has no endpoint: no balancer stands there, and its distance to "
            f"{', '.join(sorted({one['region'] for one in units}))} is not known"
        )
    return unit


async def endpoints_of(chosen: Chosen, view: View, regions: Sequence[str]) -> dict[str, str]:
    """Return `host:port` for each region. Raises `UserError`, `ProviderError`."""
    units = entry_points(chosen, view)
    if view["provider"] == "local":
        return dict(zip(regions, await _local(view, units, regions), strict=True))
    # The name of a service: it leads each client to its nearest balancer, whoever that is by then.
    if chosen.system.suffix not in BASELINES and view["endpoint"] not in _addresses(view):
        return dict.fromkeys(regions, str(view["endpoint"]))
    return {region: str(nearest(region, units)["endpoint"]) for region in regions}


async def _local(view: View, units: Sequence[View], regions: Sequence[str]) -> list[str]:
    from nightshift.control.controller.places import Places
    from nightshift.control.providers.local import LocalProvider

    provider = LocalProvider(Places.usual().units)
    there = await provider.describe(str(view["name"]))
    found = []
    for region in regions:
        unit = nearest(region, units)
        if unit["name"] not in there:
            raise UserError(f"{unit['name']} is not on this machine; is this the controller's machine?")
        found.append(await provider.address_from(region, there[unit["name"]]))
    return found


async def first_model_of(view: View) -> str | None:
    """Return the model that a replica serves; None if no replica says.

    The SGLang router's own list calls every model `unknown`, so replicas are asked.
    """
    from aiohttp import ClientError, ClientSession, ClientTimeout

    async with ClientSession(timeout=ClientTimeout(total=10)) as http:
        for replica in view["replicas"]:
            if not _serves(replica):
                continue
            try:
                async with http.get(f"http://{replica['endpoint']}/v1/models") as response:
                    return str((await response.json(content_type=None))["data"][0]["id"])
            except (ClientError, OSError, ValueError, LookupError, TypeError):
                continue
    return None


def check_whole(view: View) -> None:
    """Raise `UserError` for a service that is not all there: its figures would be of something else."""
    if view["replicas_ready"] != view["replicas_total"] or view["balancers_ready"] != view["balancers_total"]:
        raise UserError(
            f"{view['name']} is not whole: {view['replicas_ready']}/{view['replicas_total']} replicas "
            f"and {view['balancers_ready']}/{view['balancers_total']} load balancers are ready; "
            f"wait, or see `nightshift serve status {view['name']}`"
        )


def find_all(chosen: Chosen, view: View, regions: Sequence[str]) -> tuple[dict[str, str], str | None]:
    """Return each region's endpoint and the model, for callers without an event loop."""

    async def both() -> tuple[dict[str, str], str | None]:
        return await endpoints_of(chosen, view, regions), await first_model_of(view)

    return asyncio.run(both())


def _serves(unit: View) -> bool:
    return unit["status"] == "READY" and bool(unit["endpoint"])


def _addresses(view: View) -> set[str]:
    units = (*view["balancers"], *view["baselines"])
    return {str(unit["endpoint"]) for unit in units} | {"-"}
