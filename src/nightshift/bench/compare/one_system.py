"""Measures one system: a fresh fleet, the users of all regions at once, the fleet watched meanwhile.

Whatever happens, nothing is left running: the fleet and the clients are ended on every way out.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.clients import Counts, run_clients
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.files import write_whole
from nightshift.bench.compare.sampler import Sampler
from nightshift.control.local.fleet import LocalFleet, Progress

SAMPLE_EVERY_S = 0.5
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
        clients = run_clients(
            experiment,
            repetition,
            endpoints=fleet.endpoints,
            model=plan.model_name,
            folder=folder,
            counts=counts,
        )
        async with clients as (everyone, start_at):
            with (folder / "samples.jsonl").open("wb") as out:
                sampler = Sampler(fleet, out, speed=experiment.speed, start_at=start_at)
                await while_(everyone, [fleet.watch(), sampler.run(SAMPLE_EVERY_S)])
        wan = await _wan_account(fleet)
    if wan:
        write_whole(folder / "wan.json", wan)


async def while_(work: Awaitable[Any], beside: Sequence[Awaitable[Any]]) -> None:
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
