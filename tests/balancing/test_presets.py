"""Every named system can be built, and is found by number, by suffix and by its place in a set."""

from collections import Counter
from random import Random

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.presets import PRESETS, SETS, Preset, named, preset, systems_in
from nightshift.errors import UserError

OURS = [one for one in PRESETS if one.switches is not None]
PROGRAMS = [one for one in PRESETS if one.switches is None]


def test_the_seven_systems_and_our_own_are_numbered_and_come_first() -> None:
    numbers = [p.id for p in PRESETS if p.id is not None]
    assert numbers == list(range(8)) == [p.id for p in PRESETS[:8]]


def test_no_name_and_no_system_is_there_twice() -> None:
    """Also lest `name_of` some switches be a matter of order."""
    assert max(Counter(p.suffix for p in PRESETS).values()) == 1
    assert max(Counter(p.legend for p in PRESETS).values()) == 1
    assert max(Counter(p.switches for p in OURS).values()) == 1


@pytest.mark.parametrize("one", OURS, ids=lambda p: p.suffix)
def test_each_can_be_built(one: Preset) -> None:
    assert preset(one.suffix) is one
    assert one.id is None or preset(str(one.id)) is preset(one.id) is one
    assert one.switches is not None
    Balancer(name="me", switches=one.switches, rng=Random(0))


@pytest.mark.parametrize("one", PROGRAMS, ids=lambda p: p.suffix)
def test_a_program_that_is_not_ours_has_a_stand_in_and_a_note(one: Preset) -> None:
    assert one.external
    assert one.note
    assert one.stands_in is not None
    assert preset(one.suffix.replace("_", "-")) is one
    Balancer(name="me", switches=one.stands_in, rng=Random(0))


@pytest.mark.parametrize("name", SETS)
def test_a_set_lists_its_systems_in_the_order_of_their_places(name: str) -> None:
    members = systems_in(name)
    assert named(name) == members
    assert tuple(one.suffix for one in members) == SETS[name]
    assert [preset(f"{name}:{place}") for place in range(len(members))] == list(members)
    assert {one.suffix for one in PRESETS if name in one.sets} == set(SETS[name])


def test_the_sets_have_as_many_systems_as_the_original_compared() -> None:
    assert {name: len(SETS[name]) for name in ("seed", "paper", "wide")} == {
        "seed": 7,
        "paper": 6,
        "wide": 19,
    }
    assert [one.id for one in systems_in("seed")] == list(range(7))


def test_every_system_is_in_a_set() -> None:
    assert [one.suffix for one in PRESETS if not one.sets] == []


@pytest.mark.parametrize("name", [99, "None", "paper:6", "paper:x", "nobody:0", ""])
def test_an_unknown_one_is_named_with_the_known_ones(name: str | int) -> None:
    with pytest.raises(
        UserError, match=r"unknown system .*known are 0 \(sgl\), .*7 \(nightshift\), and by name"
    ):
        preset(name)


def test_an_unknown_set_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown set of systems 'tiny'; known are seed, paper, wide"):
        systems_in("tiny")
