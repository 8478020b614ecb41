"""One simulated user: plays its programs until it is cancelled.

Closed loop: one program at a time, no think time but what a call asks for. Open loop (`Program.start_s`):
each program begins when it is due, whatever else is under way.
"""

import asyncio
from collections.abc import Iterator

from nightshift.bench.client.asking import Asker
from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.workloads import Call, Program

FAILURE_PAUSE_S = 1.0
"""After a program with a failed call the user waits this long (emulated), so that a dead service is asked
once a second by each user, not thousands of times. Open loop does not wait."""


class User:
    """User `number` of a region."""

    def __init__(self, number: int, programs: Iterator[Program], asker: Asker, clock: RunClock) -> None:
        self._number = number
        self._programs = programs
        self._asker = asker
        self._clock = clock

    async def play(self, begin_at: float) -> None:
        """Go on until cancelled, or until the programs are over.

        Programs of a closed loop begin at `begin_at` of the run's clock, those of an open loop when they
        are due.
        """
        async with asyncio.TaskGroup() as open_loop:
            for program in self._programs:
                if program.start_s is not None:
                    await self._clock.sleep_until(program.start_s)
                    open_loop.create_task(_Playing(self, program).play())
                    continue
                await self._clock.sleep_until(begin_at)
                if not await _Playing(self, program).play():
                    await self._clock.sleep_until(self._clock.now() + FAILURE_PAUSE_S)

    async def ask(self, program: Program, call: Call, due: float | None) -> str | None:
        """Wait until the call may be sent, send it, wait out `min_turn_s`; None if it failed.

        `due` is when the call is due by the program's schedule, if it has one.
        """
        if call.not_before_s is not None:
            due = max(call.not_before_s, self._clock.now())
            await self._clock.sleep_until(due)
        sent = self._clock.now()
        answer = await self._asker.ask(self._number, program, call, due)
        if call.min_turn_s:
            await self._clock.sleep_until(sent + call.min_turn_s)
        return answer


class _Playing:
    """One program being played."""

    def __init__(self, user: User, program: Program) -> None:
        self._user = user
        self._program = program
        self._has_failed = False

    async def play(self) -> bool:
        """Play to the end; False if a call failed (branches that do not depend on it still go on)."""
        async with asyncio.TaskGroup() as group:
            for call in self._program.first():
                group.create_task(self._follow(group, call, self._program.start_s))
        return not self._has_failed

    async def _follow(self, group: asyncio.TaskGroup, call: Call, due: float | None) -> None:
        answer = await self._user.ask(self._program, call, due)
        if answer is None:
            self._has_failed = True
            return
        for following in self._program.answered(call, answer):
            group.create_task(self._follow(group, following, None))
