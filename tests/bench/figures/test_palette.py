from itertools import combinations

from matplotlib.colors import to_rgb

from nightshift.bench.figures.palette import colour, hatch
from nightshift.bench.figures.style import shades, system_label


def test_two_systems_never_look_the_same() -> None:
    looks = [(colour(system), hatch(system)) for system in range(19)]
    assert len(set(looks)) == 19


def luminance(name: str) -> float:
    red, green, blue = to_rgb(name)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_are_apart_and_visible_on_white() -> None:
    for one, other in combinations(range(8), 2):
        apart = sum((a - b) ** 2 for a, b in zip(to_rgb(colour(one)), to_rgb(colour(other)), strict=True))
        assert apart > 0.04, (one, other)
    assert all(luminance(colour(system)) < 0.75 for system in range(8))


def test_replicas_of_a_system_are_told_apart_by_shade() -> None:
    tones = shades(5, 4)
    assert len(set(tones)) == 4
    assert [sum(tone) for tone in tones] == sorted(sum(tone) for tone in tones)
    assert shades(5, 1) == [to_rgb(colour(5))]


def test_labels_break_before_a_bracket() -> None:
    assert system_label(5, "Ours [Selective push+Pull]") == "5  Ours\n[Selective push+Pull]"
    assert system_label(6, "GKE Gateway (emulated)") == "6  GKE Gateway\n(emulated)"
    assert system_label(0, "Baseline") == "0  Baseline"
