"""Every system of the table in virtual time, external programs by what stands in for them: a small load, and
no request is lost.
"""

from collections.abc import Iterator

import pytest
from tests.simulate.talking import Chat

from nightshift.balancing.presets import PRESETS, Preset
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser

USERS = {"a": 12, "b": 4}
PROGRAMS, LAST_S = 2, 120.0


def chats(name: str) -> Iterator[Chat]:
    return (Chat(f"{name}-{number}", turns=2, tokens=40, repeats=60) for number in range(PROGRAMS))


@pytest.mark.parametrize("system", PRESETS, ids=lambda one: one.suffix)
def test_a_small_load_is_answered_whole(system: Preset) -> None:
    switches = system.switches or system.stands_in
    assert switches is not None
    fleet = build_fleet(
        regions=dict.fromkeys(USERS, 2),
        switches=switches,
        profile=PROFILES["l4-llama-3.1-8b"],
        one_way_s={("a", "b"): 0.07, ("b", "a"): 0.07},
        seed=3,
    )
    served: list[Served] = []
    for region, count in USERS.items():
        for number in range(count):
            user = SimUser(
                number=number,
                region=region,
                entry=fleet.entries[region],
                network=fleet.network,
                programs=chats(f"{region}{number}"),
                served=served,
            )
            fleet.schedule.at(0.05 * number, user.start)
    fleet.schedule.run(LAST_S)

    assert [one.failed for one in served if one.failed] == []
    assert [one.id for one in served if one.end is None] == []
    assert len(served) == sum(USERS.values()) * PROGRAMS * 2
    assert len({one.id for one in served}) == len(served)
    assert {balancer.core.replicas.outstanding for balancer in fleet.balancers} == {0}
    assert {len(balancer.core.queue) for balancer in fleet.balancers} == {0}
