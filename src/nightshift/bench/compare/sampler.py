"""Watches a fleet while it is measured: load of each replica, queue of each balancer, once in a while.

It asks the engines themselves and not the balancers, so that it sees the same of every system, ours or
not. A target that does not answer in time is left out of that sample.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, BinaryIO

import orjson
from aiohttp import ClientSession, ClientTimeout

from nightshift.bench.loads import balancer_state, engine_load
from nightshift.control.local.fleet import LocalFleet, Member

Facts = Mapping[str, Any]

_TIMEOUT_S = 2.0
_QUIET: Facts = {}


class Sampler:
    """Writes one line for each sample: the time, and what each replica and balancer says of itself."""

    def __init__(self, fleet: LocalFleet, out: BinaryIO, *, speed: float, start_at: float) -> None:
        """`start_at` is time 0 on the loop's clock; samples carry emulated seconds since."""
        self._fleet = fleet
        self._out = out
        self._speed = speed
        self._start_at = start_at

    async def run(self, interval_s: float) -> None:
        """Sample every `interval_s` real seconds until cancelled."""
        async with ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S)) as http:
            while True:
                await self._sample(http)
                await asyncio.sleep(interval_s)

    async def _sample(self, http: ClientSession) -> None:
        t = (asyncio.get_running_loop().time() - self._start_at) * self._speed
        replicas, balancers = await asyncio.gather(
            _each(self._fleet.replicas, partial(self._replica, http), key=lambda replica: replica.id),
            _each(self._fleet.balancers, partial(self._balancer, http), key=lambda one: one.region),
        )
        line = {"t": round(t, 3), "replicas": replicas, "balancers": balancers}
        self._out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    async def _replica(self, http: ClientSession, member: Member) -> Facts:
        load = await engine_load(http, f"http://{member.address}")
        return _QUIET if load is None else {"region": member.region, **load}

    async def _balancer(self, http: ClientSession, member: Member) -> Facts:
        state = await balancer_state(http, f"http://{member.address}", self._fleet.token)
        if state is None:
            return _QUIET
        return {
            "queue": state["queue"],
            "outstanding": state["outstanding"],
            "handed_over": state["counters"]["handed_over"],
        }


async def _each(
    members: Iterable[Member], ask: Callable[[Member], Awaitable[Facts]], key: Callable[[Member], str]
) -> dict[str, Facts]:
    known = list(members)
    answers = await asyncio.gather(*(ask(member) for member in known))
    return {key(member): answer for member, answer in zip(known, answers, strict=True) if answer}
