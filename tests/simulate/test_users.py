"""Simulated users begin when a program is due, and wait where a call says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from nightshift.balancing.switches import Switches
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser


@dataclass(frozen=True)
class Ask:
    turn: int
    not_before_s: float | None = None
    min_turn_s: float = 0.0
    messages: tuple[dict[str, object], ...] = ({"role": "user", "content": "Say something long."},)
    max_tokens: int = 100
    ignore_eos: bool = True


@dataclass(frozen=True)
class Talk:
    """Calls that follow one another."""

    id: str
    calls: tuple[Ask, ...]
    start_s: float | None = None
    hash_key: str = "k"

    def first(self) -> Sequence[Ask]:
        return self.calls[:1]

    def answered(self, call: Ask, answer: str) -> Sequence[Ask]:
        return self.calls[call.turn + 1 : call.turn + 2]


def play(programs: Iterator[Talk]) -> list[Served]:
    fleet = build_fleet(
        regions={"a": 1}, switches=Switches(), profile=PROFILES["l4-llama-3.1-8b"], one_way_s={}, seed=1
    )
    served: list[Served] = []
    user = SimUser(
        number=0,
        region="a",
        entry=fleet.entries["a"],
        network=fleet.network,
        programs=programs,
        served=served,
    )
    user.start()
    fleet.schedule.run(200)
    return served


def test_open_loop_begins_when_due_whatever_is_under_way() -> None:
    served = play(iter([Talk(f"t{n}", (Ask(0), Ask(1)), start_s=3.0 + n) for n in range(3)]))
    first = {one.program_id: one for one in reversed(served)}
    assert [first[f"t{n}"].sent for n in range(3)] == [3.0, 4.0, 5.0]
    assert [first[f"t{n}"].scheduled for n in range(3)] == [3.0, 4.0, 5.0]
    first_end = first["t0"].end
    assert first_end is not None
    assert first_end > 5.0
    assert len(served) == 6


def test_closed_loop_waits_and_ends_with_the_programs() -> None:
    one, other = play(iter([Talk("t0", (Ask(0),)), Talk("t1", (Ask(0),))]))
    assert other.sent == one.end
    assert one.scheduled is None


@pytest.mark.parametrize("number", [0, 1])
def test_a_turn_lasts_as_long_as_it_must(number: int) -> None:
    """Whether what follows is a call or a program."""
    calls = (Ask(0, min_turn_s=60.0), Ask(1))
    ways = [[Talk("t0", calls)], [Talk("t0", calls[:1]), Talk("t1", (Ask(0),))]]
    one, other = play(iter(ways[number]))
    assert other.sent == pytest.approx(one.sent + 60.0)


def test_a_call_waits_for_its_time() -> None:
    one, other = play(iter([Talk("t0", (Ask(0), Ask(1, not_before_s=90.0)))]))
    assert (one.sent, other.sent, other.scheduled) == (0.0, 90.0, 90.0)
