"""Ratios are made within a repetition first, and only then put together."""

from collections.abc import Callable

from nightshift.bench.proxy.measure import Measurement
from nightshift.bench.proxy.pairs import cell_rows, cpu_us, grouped, pairwise, ratios
from nightshift.bench.proxy.statistics import Spread

MakeMeasurement = Callable[..., Measurement]


def test_the_median_of_ratios_is_not_the_ratio_of_medians(make_measurement: MakeMeasurement) -> None:
    """The machine was ten times slower in repetition 1; each pair still says 2."""
    ours = {n: make_measurement("nightshift", n, cpu_us_per_unit=c) for n, c in enumerate((20, 200, 40))}
    theirs = {n: make_measurement("nginx", n, cpu_us_per_unit=c) for n, c in enumerate((10, 100, 20))}
    assert ratios(ours, theirs, cpu_us) == Spread(2.0, 2.0, 2.0)


def test_a_repetition_without_a_partner_makes_no_pair(make_measurement: MakeMeasurement) -> None:
    ours = {n: make_measurement("nightshift", n) for n in (0, 1, 2)}
    theirs = {
        0: make_measurement("nginx", 0),
        2: make_measurement("nginx", 2, cpu_us_per_unit=None),
        3: make_measurement("nginx", 3),
    }
    assert pairwise(ours, theirs, cpu_us, lambda one, other: one - other) == [35.0]


def test_nothing_used_gives_no_ratio(make_measurement: MakeMeasurement) -> None:
    ours, theirs = make_measurement("nightshift"), make_measurement("nginx", cpu_us_per_unit=0.0)
    assert ratios({0: ours}, {0: theirs}, cpu_us) is None


def test_rows(make_measurement: MakeMeasurement) -> None:
    measurements = [make_measurement(id_, n) for id_ in ("nginx", "direct", "nightshift") for n in range(2)]
    broken = make_measurement("nginx", 1, errors=2, unfinished=1, problems=("2 x status 502",))
    cell = grouped([*measurements, broken])["small-hot-200"]
    direct, ours, nginx = cell_rows(cell, ["direct", "nightshift", "smg", "nginx"])
    assert (direct.id, direct.cpu_us, direct.added_p99_ms) == ("direct", None, None)
    assert ours.cpu_ratio is None
    assert ours.added_p99_ms == Spread(4.0, 4.0, 4.0)
    assert nginx.cpu_ratio == Spread(2.4, 2.4, 2.4)
    assert nginx.added_p50_ms == Spread(0.5, 0.5, 0.5)
    assert nginx.p99_lead_ms == Spread(-3.0, -3.0, -3.0)
    assert nginx.per_s == Spread(2000.0, 2000.0, 2000.0)
    assert (nginx.failed, nginx.problems) == (3, ["2 x status 502"])
