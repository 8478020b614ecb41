import json
from collections.abc import Callable
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from nightshift.bench.diff.command import diff
from nightshift.bench.diff.rows import difference
from nightshift.bench.results import ResultFolder

FIGURE = "weighted_token_per_s"


def run(*seeds: int, **more: Any) -> dict[str, Any]:
    return {"workload": "w", "seeds": list(seeds), **more}


def summary(*values: float, suffix: str = "s", interval: list[float] | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"suffix": suffix, "legend": suffix, "id": None, FIGURE: sum(values) / len(values)}
    row["repetitions"] = [{FIGURE: value} for value in values]
    row["intervals"] = {FIGURE: interval} if interval else {}
    return {"systems": [row]}


def test_repetitions_are_paired_by_seed() -> None:
    a = (run(1, 2, 3), summary(100.0, 200.0, 300.0))
    b = (run(3, 2, 1), summary(331.0, 220.0, 109.0))
    (row,) = difference(a, b).rows
    assert row.ratio == pytest.approx(1.1)
    assert row.verdict == "more"
    assert row.interval is not None
    assert row.interval[0] > 1


def test_noise_is_called_noise() -> None:
    (row,) = difference(
        (run(1, 2, 3), summary(100.0, 90.0, 110.0)), (run(1, 2, 3), summary(90.0, 110.0, 100.0))
    ).rows
    assert row.verdict == "within noise"


def test_other_work_is_compared_by_intervals() -> None:
    a = (run(1, 2), summary(10.0, 11.0, interval=[9.0, 12.0]))
    apart = (run(1, 2, workload="other"), summary(20.0, 21.0, interval=[19.0, 22.0]))
    near = (run(1, 2, workload="other"), summary(11.0, 12.0, interval=[10.0, 13.0]))
    assert difference(a, apart).rows[0].verdict == "more"
    assert difference(apart, a).rows[0].verdict == "less"
    found = difference(a, near)
    assert found.rows[0].verdict == "within noise"
    assert found.settings == {"workload": ("w", "other")}


def test_one_repetition_is_not_known() -> None:
    (row,) = difference((run(1), summary(10.0)), (run(1), summary(20.0))).rows
    assert (row.ratio, row.interval) == (2.0, None)
    assert "not known" in row.verdict


def test_systems_of_one_run_alone_are_named() -> None:
    found = difference((run(1), summary(1.0, suffix="x")), (run(1), summary(1.0, suffix="y")))
    assert (found.rows, found.only_a, found.only_b) == ([], ["x"], ["y"])


@pytest.mark.parametrize("words", [[], ["--all"]])
def test_the_command(make_results: Callable[..., ResultFolder], words: list[str]) -> None:
    one, other = make_results(count=2), make_results(count=3, seed=2)
    app = Typer()
    app.command()(diff)
    text = CliRunner().invoke(app, [str(one.path), str(other.path), *words])
    assert text.exit_code == 0, text.output
    assert "Only in B: sky_pull_pull" in text.output
    assert "ttft_s.p50" in text.output
    found = json.loads(CliRunner().invoke(app, [str(one.path), str(other.path), "--json", *words]).output)
    assert found["only_b"] == ["sky_pull_pull"]
    row = next(r for r in found["rows"] if (r["system"], r["figure"]) == ("sgl", FIGURE))
    assert row["a"] == pytest.approx(one.systems[0].figures[FIGURE])
    assert row["ratio"] == pytest.approx(row["b"] / row["a"])
