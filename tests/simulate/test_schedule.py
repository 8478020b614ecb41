"""Events happen in the order of their times; those of one time in the order noted."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.simulate.schedule import Schedule


@given(st.lists(st.integers(0, 5)))
def test_order(times: list[int]) -> None:
    schedule = Schedule()
    seen: list[tuple[int, int]] = []
    for number, time_s in enumerate(times):
        schedule.at(time_s, lambda pair=(time_s, number): seen.append(pair))  # type: ignore[misc] # default argument
    schedule.run(10)
    assert seen == sorted((time_s, number) for number, time_s in enumerate(times))
    assert schedule.now == 10


def test_what_lies_after_the_end_waits() -> None:
    schedule = Schedule()
    seen: list[float] = []
    schedule.after(1, lambda: schedule.after(1, lambda: seen.append(schedule.now)))
    schedule.run(1.5)
    assert seen == []
    schedule.run(2)
    assert seen == [2]
