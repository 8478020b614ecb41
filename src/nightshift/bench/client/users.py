"""One simulated user: plays its programs one after another until it is cancelled."""

import asyncio
from collections.abc import Iterator

from nightshift.bench.client.asking import Asker
from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.workloads import Call, Program

FAILURE_PAUSE_S = 1.0
"""After a program with a failed call the user waits this long (emulated), so that a dead service is asked
once a second by each user, not thousands of times."""


class User:
    """User `number` of a region. Closed loop: one program at a time, no think time."""

    def __init__(self, number: int, programs: Iterator[Program], asker: Asker, clock: RunClock) -> None:
        self._number = number
        self._programs = programs
        self._asker = asker
        self._clock = clock

    async def play(self, begin_at: float) -> None:
        """Begin at this time of the run's clock and go on until cancelled."""
        await self._clock.sleep_until(begin_at)
        for program in self._programs:
            if not await self._play_one(program):
                await self._clock.sleep_until(self._clock.now() + FAILURE_PAUSE_S)

    async def _play_one(self, program: Program) -> bool:
        """Play to the end; False if a call failed (branches that do not depend on it still go on)."""
        failures: list[Call] = []

        async def follow(call: Call) -> None:
            answer = await self._asker.ask(self._number, program, call)
            if answer is None:
                failures.append(call)
                return
            for following in program.answered(call, answer):
                group.create_task(follow(following))

        async with asyncio.TaskGroup() as group:
            for call in program.first():
                group.create_task(follow(call))
        return not failures
