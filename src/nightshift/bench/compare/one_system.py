"""Measures one system: a fresh fleet, the users of all regions at once, the fleet watched meanwhile.

Whatever happens, nothing is left running: the fleet and the clients are ended on every way out.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.clients import ClientProcess, Counts, start_client
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.sampler import Sampler
from nightshift.control.local.fleet import LocalFleet, Progress

_CLIENT_START_S = 2.5
"""Real seconds that a client process gets to start and make its conversations."""
_SAMPLE_EVERY_S = 0.5
"""Real seconds between two samples of the fleet."""


async def measure_system(
    experiment: Experiment, system: Preset, repetition: int, *, started: Progress, counts: Counts
) -> None:
    """Run `system`; the repetition's folder then has records, samples, the clients' accounts and all logs.

    Raises what the fleet or a client ended with.
    """
    folder = experiment.repetition_folder(system, repetition)
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    plan = experiment.fleet_plan(system, repetition)
    async with LocalFleet(plan, progress=started) as fleet:
        start_at = time.monotonic() + _CLIENT_START_S
        async with contextlib.AsyncExitStack() as stack:
            clients: list[ClientProcess] = []
            for region in experiment.regions:
                if region.users:
                    client = await start_client(
                        experiment,
                        region,
                        repetition,
                        endpoint=fleet.endpoints[region.name],
                        model=plan.model_name,
                        folder=folder,
                        start_at=start_at,
                    )
                    stack.push_async_callback(client.stop)
                    clients.append(client)
            with (folder / "samples.jsonl").open("wb") as out:
                sampler = Sampler(fleet, out, speed=experiment.speed, start_at=start_at)
                everyone = asyncio.gather(*(client.follow(counts) for client in clients))
                await _while(everyone, [fleet.watch(), sampler.run(_SAMPLE_EVERY_S)])
        wan = await _wan_account(fleet)
    if wan:
        (folder / "wan.json").write_bytes(wan)


async def _while(work: Awaitable[Any], beside: list[Awaitable[Any]]) -> None:
    """Await `work`; end what goes on beside it then, and end with its error if it fails before."""
    main = asyncio.ensure_future(work)  # noqa: TID251 - gather() is a future already; it is awaited below
    others = [asyncio.ensure_future(one) for one in beside]  # noqa: TID251 - kept, and cancelled below
    try:
        await asyncio.wait([main, *others], return_when=asyncio.FIRST_COMPLETED)
        for one in others:
            if one.done():
                one.result()
        await main
    finally:
        for one in [main, *others]:
            one.cancel()
        await asyncio.gather(main, *others, return_exceptions=True)


async def _wan_account(fleet: LocalFleet) -> bytes | None:
    """Return what the relay measured of itself, as JSON: its own added delay and CPU."""
    if fleet.wan_control is None:
        return None
    from aiohttp import ClientSession

    async with ClientSession() as http, http.get(f"{fleet.wan_control}/links") as response:
        return await response.read()
