"""Claims of the paper against made-up summaries."""

from collections.abc import Mapping
from typing import Any

import pytest

from nightshift.bench.paper.claims import Claim, Row, figure_of, judged, ratios, values_of
from nightshift.bench.paper.plan import PARTS
from nightshift.bench.paper.sentences import CLAIMS, saving
from nightshift.bench.paper.table import results_page


def summary(**throughput: float) -> dict[str, Any]:
    return {
        "repetitions": 3,
        "data": "synthetic",
        "systems": [
            {
                "suffix": suffix,
                "legend": suffix,
                "weighted_token_per_s": value,
                "ttft_s": {"p50": 1 / value, "p90": 2 / value},
                "e2e_s": None,
                "prefix_hit_rate": 0.5,
                "handed_over": 0,
                "failed": 0,
                "intervals": {"weighted_token_per_s": [value - 1, value + 1]},
            }
            for suffix, value in throughput.items()
        ],
    }


def test_a_figure_is_found_by_its_dotted_name_or_is_not_there() -> None:
    made = {"a": summary(x=4.0)}
    assert figure_of(made, "a", "x", "ttft_s.p90") == 0.5
    for part, suffix, path in (("b", "x", "failed"), ("a", "y", "failed"), ("a", "x", "e2e_s.p50")):
        assert figure_of(made, part, suffix, path) is None


def test_every_pair_of_every_part_has_a_ratio() -> None:
    made = {"a": summary(x=4.0, y=2.0, z=1.0), "b": summary(x=3.0, y=1.0)}
    found = ratios(("a", "b", "c"), ("x",), ("y", "z"), "weighted_token_per_s")(made)
    assert found == [2.0, 4.0, 3.0]
    assert values_of(("a",), ("x", "q"), "prefix_hit_rate", 100)(made) == [50.0]


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ([1.3], "agrees"),
        ([1.15, 1.46], "agrees"),
        ([1.0, 1.25], "partly"),
        ([0.1, 9.0], "partly"),
        ([1.0, 1.1], "below"),
        ([2.0], "above"),
        ([], "not run"),
    ],
)
def test_a_claim_agrees_where_ours_is_in_its_range(ours: list[float], verdict: str) -> None:
    claim = Claim("8", "x", 1.2, 1.4, "x", lambda summaries: ours)
    (row,) = judged([claim], {})
    assert row.verdict == verdict


def test_the_saving_is_interpolated_between_the_replicas_that_were_run() -> None:
    made = {
        "fig10-06": summary(sky_walker_prefix=60.0, region_local=50.0),
        "fig10-09": summary(sky_walker_prefix=90.0, region_local=70.0),
        "fig10-12": summary(sky_walker_prefix=110.0, region_local=80.0),
    }
    assert saving(made) == [pytest.approx(100 * (1 - 8 / 12))]
    made["fig10-12"] = summary(sky_walker_prefix=110.0, region_local=200.0)
    assert saving(made) == []
    del made["fig10-12"]
    assert saving(made) == []


def test_every_claim_speaks_of_parts_and_systems_that_are_run() -> None:
    everything = {
        part.name: summary(**{suffix: float(number) for suffix in _suffixes(part.systems)})
        for number, part in enumerate(PARTS, start=1)
    }
    for part in everything.values():
        for row in part["systems"]:
            row["e2e_s"] = {"p50": 1.0}
            row["imbalance_of_means"] = 2.0
    unheard = [row.claim.text for row in judged(CLAIMS, everything) if row.verdict == "not run"]
    assert unheard == []


def _suffixes(systems: str) -> list[str]:
    from nightshift.bench.compare.experiment import parse_systems

    return [system.suffix for system in parse_systems(systems)]


def test_the_page_says_what_was_run_and_what_was_not() -> None:
    made: dict[str, Mapping[str, Any]] = {"fig9": summary(sp_p=5.0, bp=4.0)}
    rows = judged(CLAIMS, made)
    page = results_page(PARTS, made, rows)
    assert "| 9 | throughput, SP-P over BP | 1.27 x | 1.25 x | agrees |" in page
    assert "| 10 | " in page
    assert page.count("not run") == sum(row.verdict == "not run" for row in rows)
    assert "| sp_p | 5 (4 to 6) | 0.20 s | 0.40 s | – | 50.0% | 0 | 0 |" in page
    assert "- `fig9`: tot, us-east-2 4 replicas 30 users" in page
    assert "fig8-arena" not in page


def test_a_row_without_values_has_no_range() -> None:
    assert Row(CLAIMS[0], None, None).verdict == "not run"
