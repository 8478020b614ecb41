"""Countries of the stand-in's users: of their region's time zone and part of the world."""

from collections import Counter
from dataclasses import replace

import pytest

from nightshift.bench.workloads import workload
from nightshift.bench.workloads.chat import ChatProgram
from nightshift.bench.workloads.continents import continent_of_country, continent_of_region
from nightshift.bench.workloads.conversations import conversations, heavy_user
from nightshift.bench.workloads.countries import COUNTRIES, country_of_user, with_countries
from nightshift.bench.workloads.daylight import OFFSETS_H
from nightshift.bench.workloads.published import WILDCHAT

REGION = "eu-central-1"


def test_every_known_zone_has_countries_of_its_part_of_the_world() -> None:
    assert set(COUNTRIES) == set(OFFSETS_H)
    for zone, names in COUNTRIES.items():
        assert names
        assert {continent_of_country(name) for name in names} == {continent_of_region(zone)}, zone


def test_a_country_is_in_zones_of_one_time_but_where_it_spans_several() -> None:
    wide = {"United States", "Canada"}
    zones: dict[str, set[float]] = {}
    for zone, names in COUNTRIES.items():
        for name in names:
            zones.setdefault(name, set()).add(OFFSETS_H[zone])
    assert {name for name, offsets in zones.items() if len(offsets) > 1} == wide


def test_users_are_spread_by_rank_and_the_heavy_one_is_in_the_first() -> None:
    found = Counter(country_of_user(f"u{n}", REGION, "1") for n in range(4000))
    ranked = COUNTRIES["eu-central"]
    assert set(found) == set(ranked)
    weights = [1 / rank for rank in range(1, len(ranked) + 1)]
    for name, weight in zip(ranked, weights, strict=True):
        assert found[name] / 4000 == pytest.approx(weight / sum(weights), abs=0.03)
    assert {country_of_user(heavy_user(REGION), REGION, str(seed)) for seed in range(20)} == {ranked[0]}


def test_a_region_that_is_not_known_has_none() -> None:
    assert country_of_user("mars-1-u0", "mars-1", "1") is None


def test_only_the_country_changes_and_a_user_has_one() -> None:
    before = conversations(seed="1", region=REGION, number=80, statistics=WILDCHAT, max_answer_tokens=512)
    after = with_countries(before, REGION, "1")
    assert [replace(one, country=None) for one in after] == before
    places: dict[str, set[str | None]] = {}
    for one in after:
        places.setdefault(one.user, set()).add(one.country)
    assert all(len(where) == 1 for where in places.values())


@pytest.mark.parametrize(
    ("arguments", "has"), [({}, True), ({"utc_offset": 3.0}, False), ({"data_set": "arena"}, False)]
)
def test_diurnal_has_countries_where_they_are_honest(arguments: dict[str, object], has: bool) -> None:
    """Not of a data set without countries, nor where the region's time is not its countries'."""
    users = workload("diurnal", {"num_users": 5, **arguments}).users(REGION)
    played = [program for own in users for program in own if isinstance(program, ChatProgram)]
    assert played
    assert {program.conversation.country is not None for program in played} == {has}
