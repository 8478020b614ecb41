import pytest

from nightshift.wan.cuts import Cuts, Kind


@pytest.mark.parametrize("kind", ["hold", "reset"])
def test_a_cut_is_known_until_it_is_healed(kind: Kind) -> None:
    cuts = Cuts()
    asked = cuts.holds if kind == "hold" else cuts.refuses
    other = cuts.refuses if kind == "hold" else cuts.holds
    cuts.cut("a", "b", kind, one_way=True)
    assert (asked("a", "b"), asked("b", "a"), other("a", "b")) == (True, False, False)
    cuts.cut("b", "a", kind, one_way=False)
    assert (asked("a", "b"), asked("b", "a"), asked("a", "c")) == (True, True, False)
    cuts.heal("a", "b", one_way=True)
    assert (asked("a", "b"), asked("b", "a")) == (False, True)
    cuts.heal("a", "b", one_way=False)
    assert not asked("b", "a")
