"""Every named system can be built, and is found by number and by suffix."""

from random import Random

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.presets import PRESETS, preset
from nightshift.errors import UserError


def test_the_seven_systems_and_our_own_are_there() -> None:
    assert [p.id for p in PRESETS] == list(range(8))
    assert len({p.suffix for p in PRESETS}) == 8


@pytest.mark.parametrize("one", [p for p in PRESETS if p.switches], ids=lambda p: p.suffix)
def test_each_can_be_built(one: object) -> None:
    found = preset(getattr(one, "suffix"))  # noqa: B009 - parametrize loses the type
    assert found is one
    assert preset(str(found.id)) is preset(found.id) is one
    assert found.switches is not None
    Balancer(name="me", switches=found.switches, rng=Random(0))


def test_an_unknown_one_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown system 9; known are 0 \(sgl\), .*7 \(nightshift\)"):
        preset(9)
