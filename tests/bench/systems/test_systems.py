"""`nightshift bench systems`, and the page that is made of the same table."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightshift.balancing.presets import PRESETS, SETS
from nightshift.bench.systems.docs import page
from nightshift.bench.systems.table import rows
from nightshift.cli import app
from nightshift.errors import UserError

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "systems.md"


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["bench", "systems", *words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text() == page(), "python -m nightshift.bench.systems.docs docs/reference/systems.md"


def test_every_system_and_set_is_on_the_page() -> None:
    text = page()
    for system in PRESETS:
        assert f"`{system.suffix}` | {system.legend} |" in text
    for name in SETS:
        assert f"## `{name}`" in text


def test_prints_every_system_with_its_notes() -> None:
    shown = run()
    for system in PRESETS:
        assert f" {system.suffix} " in shown
    assert "gke_gateway: an emulation of the multi-cluster gateway" in shown


def test_prints_a_set() -> None:
    shown = run("--set", "paper")
    assert "sky_walker_ch" in shown
    assert "power_of_two" not in shown


def test_json_has_every_switch_and_the_place_in_each_set() -> None:
    found = {row["suffix"]: row for row in json.loads(run("--json"))}
    assert list(found) == [system.suffix for system in PRESETS]
    walker = found["sky_walker_prefix"]
    assert walker["sets"] == ["paper:4", "figure10:0"]
    assert walker["switches"]["peer_rule"] == {"max_queue": 10, "not_longer_than_own": True}
    assert (walker["external"], walker["stands_in"]) == (None, None)
    router = found["vllm_router"]
    assert (router["switches"], router["external"]) == (None, "vllm-router")
    assert router["stands_in"]["match_threshold"] == 0.3


def test_rows_say_what_the_original_says_of_its_systems() -> None:
    """original 3.1 to 3.3, in the words of the table."""
    seed = {row.id: (row.balancers, row.across, row.to_replicas, row.replica_policy) for row in rows("seed")}
    one, each = "one, in the first region", "one in each region"
    assert seed[1] == (one, "never", "while none is pending", "prefix_tree")
    assert seed[2] == (each, "steals to the mean", "while none is pending", "prefix_tree")
    assert seed[3] == (each, "pushes", "while none is pending", "prefix_tree")
    assert seed[4] == (each, "pushes", "at once", "prefix_tree")
    assert seed[5] == (each, "selective push", "while none is pending", "prefix_tree")
    paper = [(row.balancers, row.to_replicas, row.replica_policy) for row in rows("paper")]
    assert paper[1:4] == [
        (one, "at once", policy) for policy in ("least_load", "consistent_hashing", "round_robin")
    ]
    figure9 = [row.to_replicas for row in rows("figure9")]
    assert figure9 == ["at once", "at once", "below 50 outstanding", "while none is pending"]
    wide = rows("wide")
    assert [wide[place].replica_policy for place in (2, 18)] == ["prefix_tree, any match"] * 2


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(UserError, match="known are seed, paper"):
        rows("best")
