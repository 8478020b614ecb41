"""One look at a service. Balancers are heard through the controller, engines are asked themselves.

The controller asks every balancer once a second, all at once, with the service's token, which nobody else
has; so what it tells of a balancer is at most about a second old. Engines tell everybody their metrics. The
original asked one balancer after another.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nightshift.bench.loads import engine_load
from nightshift.bench.queue_fetcher.targets import Target, View

if TYPE_CHECKING:
    from aiohttp import ClientSession

_COUNTS = ("queue", "outstanding", "arrived", "handed_over")


async def look(http: "ClientSession", target: Target, views: Mapping[str, View]) -> dict[str, Any]:
    """Return `replicas` and `balancers` as a line of samples.jsonl has them.

    Who does not answer, or is not known to have answered, is left out. Where a region has several balancers,
    what they say is added up.
    """
    replicas = target.replicas(views)
    answers = await asyncio.gather(*(_engine(http, one) for one in replicas))
    found = {str(one["name"]): said for one, said in zip(replicas, answers, strict=True) if said}
    balancers: dict[str, dict[str, int]] = {}
    for unit in target.entries(views):
        if unit["queue"] is not None:
            region = balancers.setdefault(str(unit["region"]), dict.fromkeys(_COUNTS, 0))
            for count in _COUNTS:
                region[count] += int(unit[count] or 0)
    return {"replicas": found, "balancers": balancers}


def line_of_original(entries: Sequence[View]) -> dict[str, Any]:
    """Return the original's line, but for its time: the address of each balancer, and what it said."""
    return {
        f"http://{unit['endpoint']}": {
            "raw_queue_size": unit["queue"],
            "region": unit["region"],
            "status": unit["status"],
            **{count: unit[count] for count in _COUNTS[1:]},
        }
        for unit in entries
        if unit["endpoint"] and unit["queue"] is not None
    }


async def _engine(http: "ClientSession", replica: View) -> dict[str, Any] | None:
    load = await engine_load(http, f"http://{replica['endpoint']}")
    return None if load is None else {"region": replica["region"], **load}
