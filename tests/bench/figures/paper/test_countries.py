"""Figure 2 by country: the data's own days where it has them, else the stand-in's, else regions."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest

from nightshift.bench.figures import write_paper_figures
from nightshift.bench.figures.loading import load_run
from nightshift.bench.figures.paper.countries import ALL, LARGEST, OTHER, count, days_of, largest
from nightshift.bench.figures.paper.daily import cycle_of
from nightshift.bench.results import ResultFolder

MakeResults = Callable[..., ResultFolder]
REGIONS = {"us-east-2": {"replicas": 1, "users": 2}, "ap-northeast-1": {"replicas": 1, "users": 1}}
HOURS = {"Japan": [3, 3, 3, 5], "United States": [18, 18, 19], "Canada": [19]}
"""When conversations are, in UTC."""


def row(number: int, country: str | None, hour: int | None) -> dict[str, object]:
    said = [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "assistant")]
    when = None if hour is None else f"2023-04-{1 + number % 28:02}T{(hour + 9) % 24:02}:30:00+09:00"
    return {"hashed_ip": f"ip{number}", "country": country, "timestamp": when, "conversation": said}


def wild(folder: Path, *more: tuple[str | None, int | None]) -> str:
    known = [(country, hour) for country, hours in HOURS.items() for hour in hours]
    path = folder / "wild.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(row(n, *one)) for n, one in enumerate([*known, *more])))
    return str(path)


def of_data(
    make_results: MakeResults, path: str, workload: str = "wildchat", **changes: object
) -> ResultFolder:
    arguments: dict[str, object] = {"data_path": path}
    return make_results(count=1, workload=workload, regions=REGIONS, workload_args=arguments, **changes)


def rows_of(target: Path, name: str) -> list[dict[str, str]]:
    with (target / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def by_country(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[int, float]]:
    """What is not zero."""
    found: dict[str, dict[int, float]] = {}
    for one in rows:
        own = found.setdefault(one["country"], {})
        if float(one["conversations"]):
            own[int(one["hour_utc"])] = float(one["conversations"])
    return found


def test_conversations_are_counted_by_country_the_largest_first() -> None:
    counts, left_out = count([(0.0, "B"), (0.5, "A"), (0.51, "A"), (None, "A"), (0.2, None), (0.999, "C")])
    assert list(counts) == ["A", "B", "C"]
    assert left_out == 2
    assert counts["A"][12] == 2
    assert counts["B"][0] == counts["C"][23] == 1
    assert sum(values.sum() for values in counts.values()) == 4


def test_the_smaller_countries_are_put_together() -> None:
    counts = {name: np.full(24, float(rank)) for rank, name in zip((5, 4, 2, 1), "abcd", strict=True)}
    assert list(largest(counts, 4)) == list("abcd")
    shown = largest(counts, 2)
    assert list(shown) == ["a", "b", OTHER]
    assert shown[OTHER][7] == 3.0


def test_real_data_is_drawn_at_its_own_hours(make_results: MakeResults, tmp_path: Path) -> None:
    """Of a closed loop too; each conversation once, though two regions read the file."""
    path = wild(tmp_path, (None, 4), ("France", None))
    (entry,) = write_paper_figures([of_data(make_results, path)], [2], tmp_path).figures
    assert by_country(rows_of(tmp_path, "figure-2")) == {
        "Japan": {3: 3.0, 5: 1.0},
        "United States": {18: 2.0, 19: 1.0},
        "Canada": {19: 1.0},
        ALL: {3: 3.0, 5: 1.0, 18: 2.0, 19: 2.0},
    }
    assert entry.title == "Figure 2: the day of each country"
    assert "8 in all, at the data's own time stamps. Real data (file " in entry.caption
    assert "Left out, without a country or a time: 2." in entry.caption
    assert "stand-in" not in entry.caption.lower()


def test_real_data_in_an_open_loop_is_drawn_by_region_too(make_results: MakeResults, tmp_path: Path) -> None:
    folder = of_data(make_results, wild(tmp_path), "diurnal")
    one, other = write_paper_figures([folder], [2], tmp_path).figures
    assert (one.name, other.name) == ("figure-2", "figure-2-regions")
    assert by_country(rows_of(tmp_path, "figure-2"))["Japan"] == {3: 3.0, 5: 1.0}
    assert "by client region and not, as in the paper, by country: that is figure-2." in other.caption


def test_a_seventh_country_is_other(make_results: MakeResults, tmp_path: Path) -> None:
    more = [(f"Country {n}", 7) for n in range(LARGEST - 1)]
    folder = of_data(make_results, wild(tmp_path, *more))
    (entry,) = write_paper_figures([folder], [2], tmp_path).figures
    found = by_country(rows_of(tmp_path, "figure-2"))
    assert len(found) == LARGEST + 2
    assert found[OTHER] == {7: 2.0}
    assert "8 countries" in entry.caption


@pytest.mark.parametrize("lacks", ["country", "timestamp"])
def test_data_that_lacks_one_stays_by_region(make_results: MakeResults, tmp_path: Path, lacks: str) -> None:
    path = Path(wild(tmp_path))
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    path.write_bytes(b"\n".join(orjson.dumps({**one, lacks: None}) for one in rows))
    (entry,) = write_paper_figures([of_data(make_results, str(path), "diurnal")], [2], tmp_path).figures
    assert entry.title == "Figure 2: the day of each client region"
    assert "this data does not say country and time of day" in entry.caption
    assert "Data: synthetic: 2,000 conversations" in entry.caption  # as the made-up run.json says
    assert "country" not in rows_of(tmp_path, "figure-2")[0]


def test_a_closed_loop_without_either_is_left_out(make_results: MakeResults, tmp_path: Path) -> None:
    folder = make_results(count=1, workload="wildchat", regions=REGIONS, workload_args={})
    index = write_paper_figures([folder], [2], tmp_path)
    assert not index.figures
    assert index.left_out[0].why.endswith("or real data that has countries and time stamps, as WildChat's")


def test_the_stand_in_begins_in_the_countries_of_its_regions(
    make_results: MakeResults, tmp_path: Path
) -> None:
    arguments = {"conversations_per_user": 200}
    folder = make_results(count=1, workload="diurnal", regions=REGIONS, workload_args=arguments)
    run = load_run(folder)
    days, cycle = days_of(run), cycle_of(run)
    assert days is not None
    assert cycle is not None
    assert set(days.counts) == {"United States", "Canada", "Japan", "South Korea"}
    assert np.array_equal(days.total, cycle.total)
    japanese = days.counts["Japan"] + days.counts["South Korea"]
    assert np.array_equal(japanese, cycle.counts["ap-northeast-1"])
    entry = write_paper_figures([folder], [2], tmp_path).figures[0]
    assert "the stand-in's choice" in entry.caption


def test_a_run_s_day_begins_at_its_hour(make_results: MakeResults) -> None:
    """The same arrivals, said to begin six hours later, are six hours later."""
    drawn = []
    for start in (0, 6):
        arguments = {"conversations_per_user": 200, "start_hour": start, "peak_to_trough": 1}
        folder = make_results(count=1, workload="diurnal", regions=REGIONS, workload_args=arguments)
        days = days_of(load_run(folder))
        assert days is not None
        drawn.append(days.total)
    assert np.array_equal(np.roll(drawn[0], 6), drawn[1])
