"""When a target is read: on the grid, when there is news, one probe at a time."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from nightshift.simulate.network import Network
from nightshift.simulate.probing import Prober
from nightshift.simulate.schedule import Schedule

INTERVAL_S, PHASE_S = 0.1, 0.03


def prober(schedule: Schedule, one_way_s: float, answers: list[float], *, unseen: bool) -> Prober:
    def read() -> Callable[[float], None]:
        return lambda rtt_s: answers.append(schedule.now)

    return Prober(
        network=Network(schedule, {("a", "b"): one_way_s, ("b", "a"): one_way_s}),
        interval_s=INTERVAL_S,
        phase_s=PHASE_S,
        way=("a", "b"),
        read=read,
        unseen=lambda: unseen,
    )


@pytest.mark.parametrize(("one_way_s", "apart_s"), [(0.0, 0.1), (0.02, 0.1), (0.0675, 0.2)])
def test_one_probe_is_under_way_at_a_time(one_way_s: float, apart_s: float) -> None:
    """As the live poller, it asks at the next turn of the grid after the answer, whatever there is new."""
    schedule, answers = Schedule(), list[float]()
    one = prober(schedule, one_way_s, answers, unseen=False)
    for turn in range(190):
        schedule.at(turn / 100, one.news)
    schedule.run(1.9)
    assert answers[0] == pytest.approx(PHASE_S + 2 * one_way_s)
    gaps = {round(later - earlier, 6) for earlier, later in pairwise(answers)}
    assert gaps == {apart_s}


def test_without_news_nothing_is_asked() -> None:
    schedule, answers = Schedule(), list[float]()
    quiet = prober(schedule, 0.02, answers, unseen=False)
    quiet.news()
    schedule.run(1)
    assert len(answers) == 1


def test_news_after_the_target_was_read_is_for_the_next_probe() -> None:
    schedule, answers = Schedule(), list[float]()
    one = prober(schedule, 0.02, answers, unseen=False)
    one.news()
    schedule.at(PHASE_S + 0.01, one.news)  # before it is read: in that answer
    schedule.at(PHASE_S + 0.03, one.news)  # after
    schedule.run(1)
    assert answers == pytest.approx([PHASE_S + 0.04, PHASE_S + 0.14])
