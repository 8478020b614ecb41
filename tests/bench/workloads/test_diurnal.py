"""`diurnal` begins conversations by the local hour, with the published peaks over troughs."""

from collections import Counter
from itertools import pairwise

import pytest

from nightshift.bench.workloads import workload
from nightshift.bench.workloads.daylight import FIVE_REGIONS, DailyCycle, cycle_of
from nightshift.bench.workloads.diurnal import Diurnal
from nightshift.errors import UserError

HOURS = [quarter / 4 for quarter in range(96)]


def ratio(rates: list[float]) -> float:
    return max(rates) / min(rates)


def test_regions_have_the_published_extremes() -> None:
    """SkyWalker, figure 3a: 2.88 to 32.64 times."""
    ratios = [ratio([cycle.at(hour) for hour in HOURS]) for cycle, _ in FIVE_REGIONS.values()]
    assert (min(ratios), max(ratios)) == pytest.approx((2.88, 32.64), rel=0.001)


def test_the_sum_of_five_regions_is_as_even_as_published() -> None:
    """SkyWalker, figure 3a: 1.29 times. Tolerance 3%."""
    total = [sum(share * cycle.at(hour) for cycle, share in FIVE_REGIONS.values()) for hour in HOURS]
    assert ratio(total) == pytest.approx(1.29, rel=0.03)


def test_mean_rate_is_one_and_the_peak_is_in_the_afternoon() -> None:
    cycle = DailyCycle(9, 32.64)
    rates = [cycle.at(hour) for hour in HOURS]
    assert sum(rates) / len(rates) == pytest.approx(1.0)
    assert HOURS[rates.index(max(rates))] == 6  # 15 h in Tokyo
    assert cycle.most == pytest.approx(max(rates))


def test_regions_by_name() -> None:
    assert cycle_of("us-west-1", None, None).utc_offset_h == -8
    assert cycle_of("mars-1", 3.5, 4.0) == DailyCycle(3.5, 4.0)
    with pytest.raises(UserError, match="region 'mars-1': its time zone is not known; give --utc-offset"):
        cycle_of("mars-1", None, None)


def arrivals(region: str, **arguments: object) -> list[float]:
    return list(Diurnal({"num_users": 1500, **arguments}).arrivals(region))


def test_as_many_as_asked_for_in_a_day() -> None:
    times = arrivals("us-east-2")
    assert len(times) == pytest.approx(1500 * 4, rel=0.05)
    assert all(one <= other for one, other in pairwise(times))
    assert len(arrivals("us-east-2", day_seconds=480)) < 0.8 * len(times)


def test_arrivals_follow_the_local_hour() -> None:
    by_hour = Counter(int(at_s / 10) for at_s in arrivals("ap-northeast-1"))
    assert by_hour[6] > 10 * by_hour[18]  # 15 h and 3 h in Tokyo
    later = Counter(int(at_s / 10) for at_s in arrivals("ap-northeast-1", start_hour=6))
    assert later[0] > 10 * later[12]


def test_conversations_begin_at_their_times_open_loop() -> None:
    load = workload("diurnal", {"num_users": 20, "data_set": "arena"})
    users = load.users("us-east-2")
    assert len(users) == 20
    played = [program for own in users for program in own]
    assert len({one.id for one in played}) == len(played)
    starts = sorted(one.start_s for one in played if one.start_s is not None)
    assert starts == list(Diurnal({"num_users": 20}).arrivals("us-east-2"))
