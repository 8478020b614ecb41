"""A user plays its programs one after another, and gives up a program whose call failed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

import pytest

from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.client.users import FAILURE_PAUSE_S, User
from nightshift.bench.workloads import Call, Message, Program


@dataclass(frozen=True)
class Tree:
    """Two branches below a root; each branch ends."""

    id: str
    hash_key: str = "k"
    start_s: float | None = None

    def first(self) -> Sequence[Call]:
        return [self._call(0, "root")]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        return [self._call(1, "left"), self._call(1, "right")] if call.turn == 0 else []

    @staticmethod
    def _call(turn: int, text: str) -> Call:
        return Call(turn, (Message(role="user", content=text),), 5)


class Asked:
    """Stands in for `Asker`: remembers, and answers all but what is to fail."""

    def __init__(self, *, failing: str = "", enough: int = 6) -> None:
        self.seen: list[tuple[str, str]] = []
        self.at: list[float] = []
        self.enough = asyncio.Event()
        self.together = 0
        self._running = 0
        self._failing = failing
        self._wanted = enough

    async def ask(
        self, user: int, program: Program, call: Call, scheduled: float | None = None
    ) -> str | None:
        self._running += 1
        self.together = max(self.together, self._running)
        text = call.messages[0]["content"]
        self.seen.append((program.id, text))
        self.at.append(CLOCK.now())
        if len(self.seen) >= self._wanted:
            self.enough.set()
        await asyncio.sleep(0)
        self._running -= 1
        return None if text == self._failing else "yes"


CLOCK = RunClock(start_at=0.0, speed=50.0)


def play(asked: Asked, programs: Sequence[Program]) -> None:
    async def main() -> None:
        stream = iter([*programs, *repeat(Tree("more"), 100)])
        user = User(0, stream, asked, CLOCK)  # type: ignore[arg-type]  # a stand-in without a network
        task = asyncio.get_running_loop().create_task(user.play(begin_at=0.0))
        await asked.enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_one_program_after_another_branches_together() -> None:
    asked = Asked()
    play(asked, [Tree("one"), Tree("two")])
    assert asked.seen[:6] == [
        ("one", "root"),
        ("one", "left"),
        ("one", "right"),
        ("two", "root"),
        ("two", "left"),
        ("two", "right"),
    ]
    assert asked.together == 2


def test_a_failed_call_has_no_successors_and_the_user_pauses() -> None:
    asked = Asked(failing="root", enough=3)
    play(asked, [Tree("one"), Tree("two")])
    assert asked.seen == [("one", "root"), ("two", "root"), ("more", "root")]
    gaps = [later - earlier for earlier, later in pairwise(asked.at)]
    assert min(gaps) >= FAILURE_PAUSE_S * 0.9


def test_a_failed_branch_does_not_stop_the_other() -> None:
    asked = Asked(failing="left", enough=4)
    play(asked, [Tree("one"), Tree("two")])
    assert asked.seen == [("one", "root"), ("one", "left"), ("one", "right"), ("two", "root")]


@dataclass(frozen=True)
class Due:
    """One call, due at a second of the run; the next turn not before another."""

    id: str
    start_s: float | None
    hash_key: str = "k"
    min_turn_s: float = 0.0
    second_at_s: float | None = None

    def first(self) -> Sequence[Call]:
        return [Call(0, self._said(), 5, min_turn_s=self.min_turn_s)]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        if call.turn or self.second_at_s is None:
            return []
        return [Call(1, self._said(), 5, not_before_s=self.second_at_s)]

    def _said(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.id),)


class Slow(Asked):
    """Answers nothing before all that is wanted was asked."""

    def __init__(self, enough: int) -> None:
        super().__init__(enough=enough)
        self.due: list[float | None] = []

    async def ask(
        self, user: int, program: Program, call: Call, scheduled: float | None = None
    ) -> str | None:
        self.due.append(scheduled)
        answer = await super().ask(user, program, call, scheduled)
        await self.enough.wait()
        return answer


def test_open_loop_begins_when_due_whatever_is_under_way() -> None:
    now = CLOCK.now()
    asked = Slow(enough=3)
    play(asked, [Due("one", now + 2), Due("two", now + 3), Due("three", now + 4)])
    assert [id_ for id_, _ in asked.seen[:3]] == ["one", "two", "three"]
    assert asked.due[:3] == [now + 2, now + 3, now + 4]
    assert all(at >= due for at, due in zip(asked.at, asked.due, strict=True) if due is not None)


def test_a_call_waits_for_its_time_and_says_when_it_was_due() -> None:
    now = CLOCK.now()
    asked = Asked(enough=2)
    play(asked, [Due("one", None, second_at_s=now + 5)])
    assert asked.at[1] >= now + 5


def test_a_turn_lasts_as_long_as_it_must() -> None:
    asked, before = Asked(enough=2), CLOCK.now()
    play(asked, [Due("one", None, min_turn_s=5.0), Due("two", None)])
    assert (
        asked.at[1] - before >= 5.0
    )  # a turn begins before the call is noted, by as much as a busy machine takes


def test_programs_may_end() -> None:
    async def main() -> None:
        user = User(0, iter([Due("one", None)]), Asked(enough=1), CLOCK)  # type: ignore[arg-type]
        await asyncio.wait_for(user.play(begin_at=0.0), 10)

    asyncio.run(main())
