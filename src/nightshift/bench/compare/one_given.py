"""Measures one system whose fleet is up already: only clients are started."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.clients import Counts, run_clients
from nightshift.bench.compare.clocks import offsets_of, warnings_of
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.files import write_json
from nightshift.bench.compare.given import Target
from nightshift.bench.compare.one_system import SAMPLE_EVERY_S, while_
from nightshift.bench.compare.watched import look as look_at_sources
from nightshift.bench.compare.watched import secrets
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import records_in
from nightshift.errors import NightshiftError

if TYPE_CHECKING:
    from aiohttp import ClientSession

_SILENT_SHARE = 0.1
"""A last part of a run that is longer than this share of it and has failures alone is a service that died."""


class SilentServiceError(NightshiftError):
    """A given service stopped answering before the run was over."""


async def measure_given(
    experiment: Experiment, system: Preset, repetition: int, *, counts: Counts
) -> list[str]:
    """Run `system` where it is; the folder then has what one of a fleet of our own has, and `clocks.json`.

    Returns what the user should be told. Raises what a client ended with, and `SilentServiceError`.
    """
    target = experiment.targets[system.suffix]
    folder = experiment.repetition_folder(system, repetition)
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    async with run_clients(
        experiment,
        repetition,
        endpoints=target.endpoints,
        model=experiment.model or target.model,
        folder=folder,
        counts=counts,
    ) as (everyone, start_at):
        with (folder / "samples.jsonl").open("wb") as out:
            await while_(everyone, _samplers(target, out, experiment.speed, start_at))
        began = datetime.now(UTC).timestamp() - (time.monotonic() - start_at)
    records = records_in(folder)
    offsets = offsets_of(records, began, experiment.speed)
    write_json(folder / "clocks.json", {who: offset.as_dict() for who, offset in offsets.items()})
    silence = silence_in(records, experiment.duration_s)
    if silence:
        raise SilentServiceError(f"{target.service or 'the endpoint'}: {silence}")
    return warnings_of(offsets)


def silence_in(records: Sequence[RequestRecord], duration_s: float) -> str:
    """Say so if nobody was answered any more before the time was over; nobody watches a given fleet."""
    answered = max((one.end for one in records if one.finished), default=None)
    if answered is None:
        why = next((one.failed for one in records if one.failed), "all were under way at the end")
        return f"none of {len(records)} requests was answered ({why})"
    failed = [one for one in records if one.failed is not None and one.end > answered]
    if not failed or answered >= duration_s * (1 - _SILENT_SHARE):
        return ""
    since = f"{len(failed)} failed since ({failed[-1].failed})"
    return f"after {answered:.0f} s nothing was answered any more; {since}"


Look = Callable[["ClientSession"], Awaitable[Mapping[str, Any]]]
"""Says what replicas and balancers say of themselves now."""


def _samplers(
    target: Target, out: BinaryIO, speed: float, start_at: float
) -> list[Coroutine[Any, Any, None]]:
    """Return what looks at the target meanwhile: nothing where nothing can be heard of it."""
    if target.service is not None:
        return [_sample(_looks_at_service(target.service), out, speed, start_at)]
    return [_sample(_looks_at_sources(target), out, speed, start_at)] if target.sources else []


async def _sample(opened: Awaitable[Look], out: BinaryIO, speed: float, start_at: float) -> None:
    """Write a line once in a while, until cancelled."""
    from aiohttp import ClientSession, ClientTimeout

    look = await opened
    async with ClientSession(timeout=ClientTimeout(total=2)) as http:
        while True:
            t = (time.monotonic() - start_at) * speed
            line = {"t": round(t, 3), **await look(http)}
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            await asyncio.sleep(SAMPLE_EVERY_S)


async def _looks_at_sources(target: Target) -> Look:
    """The endpoints themselves are asked."""
    tokens = secrets()
    return lambda http: look_at_sources(http, target.sources, tokens)


async def _looks_at_service(service: str) -> Look:
    """Engines and the controller are asked, as the queue fetcher does."""
    from nightshift.bench.queue_fetcher.looking import look
    from nightshift.bench.queue_fetcher.targets import resolve
    from nightshift.control.controller.places import Places
    from nightshift.control.serve.contact import ensure

    contact = ensure(Places.usual(), database=os.environ.get("NIGHTSHIFT_DATABASE"))
    known: list[Any] = await asyncio.to_thread(contact.services)
    (one,) = resolve({"it": service}, known)

    async def at_service(http: "ClientSession") -> Mapping[str, Any]:
        nonlocal known
        with contextlib.suppress(NightshiftError):  # a controller that is busy misses a sample
            known = await asyncio.to_thread(contact.services)
        return await look(http, one, {str(view["name"]): view for view in known})

    return at_service
