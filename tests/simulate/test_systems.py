"""Every system of the table in virtual time, external programs by what stands in for them: a small load, and
no request is lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from nightshift.balancing.presets import PRESETS, Preset
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser

USERS = {"a": 12, "b": 4}
PROGRAMS, LAST_S = 2, 120.0


@dataclass(frozen=True)
class Ask:
    messages: tuple[dict[str, object], ...]
    max_tokens: int
    turn: int
    ignore_eos: bool = True
    not_before_s: float | None = None
    min_turn_s: float = 0.0


@dataclass(frozen=True)
class Chat:
    """Two turns, whose beginning is as long as a page."""

    name: str
    start_s: float | None = None

    @property
    def id(self) -> str:
        return self.name

    @property
    def hash_key(self) -> str:
        return self.name

    def first(self) -> Sequence[Ask]:
        return [Ask(({"role": "user", "content": f"{self.name} begins {'to talk ' * 60}"},), 40, 1)]

    def answered(self, call: Ask, answer: str) -> Sequence[Ask]:
        if call.turn == 2:
            return ()
        said: dict[str, object] = {"role": "assistant", "content": answer}
        goes_on: dict[str, object] = {"role": "user", "content": "go on, " * 10}
        return [Ask((*call.messages, said, goes_on), 40, 2)]


def chats(name: str) -> Iterator[Chat]:
    return (Chat(f"{name}-{number}") for number in range(PROGRAMS))


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
