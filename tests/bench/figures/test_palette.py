from itertools import combinations

from nightshift.bench.figures.palette import look_at, looks, stripes, tinted
from nightshift.bench.figures.style import shades, system_label


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def test_two_systems_never_look_the_same() -> None:
    every = [look_at(place) for place in range(24)]
    assert len({(look.colour, look.hatch) for look in every}) == 24
    assert len({(look.marker, look.line) for look in every}) == 24
    assert len({stripes(look) for look in every}) == 24


def test_a_numbered_system_has_its_colour_in_every_run() -> None:
    whole = looks([(number, f"s{number}") for number in range(7)])
    part = looks([(None, "mine"), (5, "s5"), (0, "s0")])
    assert part["s5"] == whole["s5"]
    assert part["s0"] == whole["s0"]
    assert part["mine"] not in (whole["s5"], whole["s0"])


def test_systems_without_a_number_get_what_is_left() -> None:
    found = looks([(None, f"n{place}") for place in range(18)] + [(3, "three")])
    assert found["three"] == look_at(3)
    assert set(found.values()) == {look_at(place) for place in range(19)}


def test_a_number_beyond_the_palette_is_no_trouble() -> None:
    assert looks([(8, "nightshift"), (0, "sgl")]) == {"nightshift": look_at(1), "sgl": look_at(0)}


def luminance(colour: str) -> float:
    red, green, blue = rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_are_apart_and_visible_on_white() -> None:
    base = [look_at(place).colour for place in range(8)]
    for one, other in combinations(base, 2):
        apart = sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True))
        assert apart > 0.04, (one, other)
    assert all(luminance(colour) < 0.75 for colour in base)


def test_replicas_of_a_system_are_told_apart_by_shade() -> None:
    tones = shades("#0072b2", 4)
    assert len(set(tones)) == 4
    assert [luminance(tone) for tone in tones] == sorted(luminance(tone) for tone in tones)
    assert shades("#0072b2", 1) == ["#0072b2"]
    assert (tinted("#0072b2", 1.0), tinted("#0072b2", -1.0)) == ("#ffffff", "#000000")


def test_labels_break_before_a_bracket() -> None:
    assert system_label(5, "Ours [Selective push+Pull]") == "5  Ours\n[Selective push+Pull]"
    assert system_label(6, "GKE Gateway (emulated)") == "6  GKE Gateway\n(emulated)"
    assert system_label(0, "Baseline") == "0  Baseline"
    assert system_label(None, "SP-P") == "SP-P"
