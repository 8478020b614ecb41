"""A day of a thousand users on twelve replicas in three regions, in virtual time (`make test-long`).

People sleep: a user of each region begins conversations by the local hour. It is the test of scale for
`balancing/` and `engine/` together; what it finds out on the way is that nothing is lost in a day, and that
regions serve each other while one sleeps.
"""

import hashlib
from collections.abc import Callable
from math import cos, pi
from random import Random

import pytest

from nightshift.balancing.presets import preset
from nightshift.bench.workloads import workload
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import Pauses, SimUser

HOUR_S = 3600.0
REGIONS = {"us-east-2": -5, "eu-central-1": 1, "ap-northeast-1": 9}  # and their hours from UTC
# One way in seconds: half the round trips that are published for these regions (104, 135, 228 ms).
WAYS = {
    ("us-east-2", "eu-central-1"): 0.052,
    ("us-east-2", "ap-northeast-1"): 0.0675,
    ("eu-central-1", "ap-northeast-1"): 0.114,
}


def diurnal_pause(rng: Random, utc_offset: int, mean_s: float) -> Callable[[float], float]:
    """Pauses whose rate follows the local hour: most activity at 14 h, a tenth of it at 2 h."""

    def pause(now: float) -> float:
        start = now
        while True:  # thinning of a Poisson process, after Lewis and Shedler
            now += rng.expovariate(1 / mean_s)
            hour = (now / HOUR_S + utc_offset) % 24
            if rng.random() < 0.55 + 0.45 * cos((hour - 14) / 12 * pi):
                return now - start

    return pause


def simulate(hours: float, users: int, seed: int) -> list[Served]:
    switches = preset("nightshift").switches
    assert switches is not None
    fleet = build_fleet(
        regions=dict.fromkeys(REGIONS, 4),
        switches=switches,
        profile=PROFILES["l4-llama-3.1-8b"],
        one_way_s=WAYS | {(b, a): delay for (a, b), delay in WAYS.items()},
        seed=seed,
    )
    served: list[Served] = []
    for place, (region, utc_offset) in enumerate(REGIONS.items()):
        count = users // 3 + (place < users % 3)
        chats = workload("arena_syn", {"num_users": count, "num_conv": 5 * count, "seed": str(seed)})
        for number, programs in enumerate(chats.users(region)):
            rng = Random(f"{seed}/{region}/{number}")
            pauses = Pauses(
                before_program_s=diurnal_pause(rng, utc_offset, mean_s=900.0),
                before_call_s=lambda now, rng=rng: rng.expovariate(1 / 30),  # type: ignore[misc] # a default
            )
            user = SimUser(
                number=number,
                region=region,
                entry=fleet.entries[region],
                network=fleet.network,
                programs=programs,
                served=served,
                pauses=pauses,
            )
            user.start()
    fleet.schedule.run(hours * HOUR_S)
    return served


def trace_of(served: list[Served]) -> str:
    return hashlib.sha256(repr(served).encode()).hexdigest()


@pytest.mark.parametrize("users", [150, pytest.param(1000, marks=pytest.mark.long)])
def test_a_day(users: int) -> None:
    served = simulate(24, users, seed=1)
    assert len(served) > 50 * users
    assert not [one for one in served if one.failed]
    late = [one for one in served if one.end is None and one.sent < 24 * HOUR_S - 600]
    assert late == []
    busiest = [sum(one.region == region for one in served) for region in REGIONS]
    assert min(busiest) > 10 * users


def test_same_seed_same_trace_other_seed_another() -> None:
    first, again, other = (trace_of(simulate(1, 200, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
