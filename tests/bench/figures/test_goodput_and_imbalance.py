"""The figures of goodput and of imbalance, against the summary and the samples that they draw."""

from collections.abc import Callable
from math import isnan

import pytest

from nightshift.bench.figures import goodput, imbalance
from nightshift.bench.figures.drawing import Drawing, LeftOut
from nightshift.bench.figures.loading import load_run
from nightshift.bench.results import ResultFolder

MakeResults = Callable[..., ResultFolder]


@pytest.fixture(scope="module")
def drawings(results: ResultFolder) -> dict[str, Drawing]:
    """Without writing a picture: that is slow, and `test_write.py` does it for all figures."""
    run = load_run(results)
    found = (*goodput.draw(run), *imbalance.draw(run))
    return {one.name: one for one in found if isinstance(one, Drawing)}


def rows_of(drawings: dict[str, Drawing], name: str) -> list[dict[str, str]]:
    return [dict(zip(drawings[name].header, row, strict=True)) for row in drawings[name].rows]


def test_goodput_is_that_of_the_summary(drawings: dict[str, Drawing], results: ResultFolder) -> None:
    for row, system in zip(rows_of(drawings, "goodput"), results.systems, strict=True):
        told = system.figures["goodput"]
        assert float(row["goodput.share"]) == pytest.approx(told["share"], rel=1e-5)
        assert float(row["goodput.request_per_s"]) == pytest.approx(told["request_per_s"], rel=1e-5)
        assert int(row["good"]) == told["good"] < int(row["judged"]) == told["judged"]


def test_imbalance_is_that_of_the_summary_where_it_was_sampled(
    drawings: dict[str, Drawing], results: ResultFolder
) -> None:
    rows = rows_of(drawings, "imbalance")
    for row, system in zip(rows[:6], results.systems[:6], strict=True):
        told = system.figures["imbalance"]["mean"]
        assert float(row["imbalance.mean"]) == pytest.approx(told, rel=1e-5)
    assert rows[6]["imbalance.mean"] == ""  # the system without samples


def test_the_lines_are_the_samples_after_the_warm_up(
    drawings: dict[str, Drawing], results: ResultFolder
) -> None:
    rows = [row for row in rows_of(drawings, "imbalance-over-time") if row["id"] == "2"]
    samples = [sample for sample in results.samples(results.systems[2]) if sample["t"] >= 10.0]
    loads = [
        [facts["running"] + facts["pending"] for facts in sample["replicas"].values()] for sample in samples
    ]
    assert [float(row["t_s"]) for row in rows] == pytest.approx([sample["t"] for sample in samples])
    assert [float(row["most"]) for row in rows] == [max(one) for one in loads]
    assert [float(row["least"]) for row in rows] == [min(one) for one in loads]
    ratios = [float(row["ratio"] or "nan") for row in rows]
    assert max(ratios) == pytest.approx(max(max(one) / max(1, min(one)) for one in loads), rel=1e-5)


def test_each_figure_names_the_measures_that_it_shows(drawings: dict[str, Drawing]) -> None:
    assert drawings["goodput"].measures == ("goodput",)
    assert drawings["imbalance"].measures == ("imbalance", "imbalance_of_means")
    assert drawings["imbalance-over-time"].measures == ("imbalance",)


def test_what_was_not_sampled_is_left_out_with_the_reason(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    for path in folder.path.glob("systems/*/rep-1/samples.jsonl"):
        path.unlink()
    run = load_run(ResultFolder(folder.path))
    figures = run.systems[0].system.figures
    assert isinstance(figures, dict)
    figures.pop("imbalance", None)
    drawn = list(imbalance.draw(run))
    assert [one for one in drawn if isinstance(one, LeftOut)]
    assert "imbalance-over-time" not in [one.name for one in drawn if isinstance(one, Drawing)]


def test_goodput_that_nobody_could_judge_is_left_out(make_results: MakeResults) -> None:
    run = load_run(make_results(count=1))
    figures = run.systems[0].system.figures
    assert isinstance(figures, dict)
    figures["goodput"] = {"share": None, "request_per_s": None}
    assert isnan(run.systems[0].figure("goodput.share"))
    assert [type(one) for one in goodput.draw(run)] == [LeftOut]
