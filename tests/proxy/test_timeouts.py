"""Time limits, in virtual time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.timeouts import Deadlines, Stalls

LIMIT_S = 10.0


@dataclass
class Time:
    now: float = 0.0
    over: list[tuple[str, float]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def expired(self, thing: str) -> None:
        self.over.append((thing, self.now))


def test_each_thing_has_its_time_from_its_start() -> None:
    time = Time()
    deadlines = Deadlines(LIMIT_S, time.clock, time.expired)
    for thing, start in (("a", 0.0), ("b", 1.0), ("c", 2.0), ("d", 3.0)):
        time.now = start
        deadlines.start(thing)
    time.now = 5.0
    deadlines.start("a")  # which runs already
    deadlines.stop("b")
    deadlines.stop("b")
    deadlines.restart("c")
    for now in (9.9, 10.0, 12.9, 13.0, 14.9, 15.0, 99.0):
        time.now = now
        deadlines.expire()
    assert time.over == [("a", 10.0), ("d", 13.0), ("c", 15.0)]
    assert len(deadlines) == 0


def test_what_is_told_may_start_and_stop_others() -> None:
    time = Time()

    def expired(thing: str) -> None:
        time.expired(thing)
        deadlines.stop("b")
        deadlines.start("a")

    deadlines: Deadlines[str] = Deadlines(LIMIT_S, time.clock, expired)
    deadlines.start("a")
    deadlines.start("b")
    time.now = LIMIT_S
    deadlines.expire()
    assert time.over == [("a", LIMIT_S)]
    assert "a" in deadlines
    assert "b" not in deadlines


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["start", "stop", "again"]), st.integers(0, 4))
    )
)
def test_nothing_is_forgotten_and_nothing_ends_early(steps: list[tuple[str, str, int]]) -> None:
    time = Time()
    running: dict[str, float] = {}

    def expired(thing: str) -> None:
        assert time.now - running.pop(thing) >= LIMIT_S

    deadlines: Deadlines[str] = Deadlines(LIMIT_S, time.clock, expired)
    for thing, step, passing in steps:
        if step == "start":
            deadlines.start(thing)
            running.setdefault(thing, time.now)
        elif step == "stop":
            deadlines.stop(thing)
            running.pop(thing, None)
        else:
            deadlines.restart(thing)
            running[thing] = time.now
        time.now += passing
        deadlines.expire()
        assert all(time.now - started < LIMIT_S for started in running.values())
        assert len(deadlines) == len(running)


def test_a_stall_is_told_within_a_quarter_of_its_limit() -> None:
    time, progress = Time(), Counter[str]()
    stalls = Stalls(LIMIT_S, time.clock, time.expired, progress.__getitem__)
    stalls.start("moves")
    stalls.start("stands")
    stalls.start("stops at 7")
    stalls.start("leaves")
    while time.now < 30:
        time.now += 0.5
        progress["moves"] += 1
        progress["stops at 7"] += time.now <= 7
        if time.now == 3:
            stalls.stop("leaves")
            stalls.stop("leaves")
        stalls.start("moves")
        stalls.expire()
    told = dict(time.over)
    assert sorted(told) == ["stands", "stops at 7"]
    assert told["stands"] == LIMIT_S
    assert LIMIT_S <= told["stops at 7"] - 7 <= LIMIT_S * 1.25
    assert len(stalls) == 1
