import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from nightshift.bench.figures import write_paper_figures
from nightshift.bench.figures.command import plot
from nightshift.bench.figures.loading import load_run
from nightshift.bench.figures.paper.daily import Cycle, cycle_of, peak_to_trough
from nightshift.bench.figures.paper.provisioning import INSTANCE, prices_of, ways_of
from nightshift.bench.figures.paper.replay import hit_rate, requests_of
from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

MakeResults = Callable[..., ResultFolder]


def regions(replicas: int) -> dict[str, dict[str, int]]:
    return {
        "us-east-2": {"replicas": replicas, "users": 6},
        "ap-northeast-1": {"replicas": replicas, "users": 3},
    }


@pytest.fixture(scope="module")
def small(make_results: MakeResults) -> ResultFolder:
    return make_results(count=2, regions=regions(2), workload_args={"num_conv": 60}, duration_s=120.0)


@pytest.fixture(scope="module")
def day(make_results: MakeResults) -> ResultFolder:
    arguments = {"conversations_per_user": 40}
    return make_results(count=1, workload="diurnal", regions=regions(2), workload_args=arguments)


def rows_of(target: Path, name: str) -> list[dict[str, str]]:
    with (target / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_figure_8_has_a_panel_for_each_folder(
    small: ResultFolder, make_results: MakeResults, tmp_path: Path
) -> None:
    other = make_results(count=3, experiment="another")
    index = write_paper_figures([small, other], [8], tmp_path)
    assert [entry.name for entry in index.figures] == ["figure-8-throughput", "figure-8-ttft", "figure-8-e2e"]
    rows = rows_of(tmp_path, "figure-8-throughput")
    assert [row["experiment"] for row in rows] == ["arena_syn_two_regions"] * 2 + ["another"] * 3
    assert (tmp_path / "figure-8-ttft.svg").is_file()


def test_figure_9_says_how_the_last_compares(small: ResultFolder, tmp_path: Path) -> None:
    (entry,) = write_paper_figures([small], [9], tmp_path).figures
    first, last = (system.figures["weighted_token_per_s"] for system in small.systems)
    assert f"Baseline [Pull] against Baseline: {last / first:.2f} × the throughput" in entry.caption


def test_figure_10_wants_several_numbers_of_replicas(small: ResultFolder, tmp_path: Path) -> None:
    index = write_paper_figures([small], [10], tmp_path)
    assert not index.figures
    assert "two result folders or more" in index.left_out[0].why


def test_figure_10_over_folders(make_results: MakeResults, tmp_path: Path) -> None:
    folders = [make_results(count=2, seed=n, regions=regions(n)) for n in (2, 1)]
    (entry,) = write_paper_figures(folders, [10], tmp_path).figures
    assert "replicas" in entry.caption
    assert [float(row["replicas"]) for row in rows_of(tmp_path, "figure-10")] == [2.0, 4.0, 2.0, 4.0]


def test_figures_2_and_3_are_of_an_open_loop(small: ResultFolder, day: ResultFolder, tmp_path: Path) -> None:
    index = write_paper_figures([small], [2, 3], tmp_path / "closed")
    assert not index.figures
    assert all("closed loop" in one.why for one in index.left_out)
    drawn = write_paper_figures([day], [2, 3], tmp_path / "open").figures
    assert [entry.name for entry in drawn] == ["figure-2", "figure-2-regions", "figure-3"]
    cycle = cycle_of(load_run(day))
    assert cycle is not None
    begun = sum(float(row["begun"]) for row in rows_of(tmp_path / "open", "figure-2-regions"))
    assert begun == cycle.total.sum() > 100


def test_the_sum_of_peaks_costs_more_than_the_peak_of_the_sum() -> None:
    one, other = np.array([1.0, 3.0]), np.array([3.0, 1.0])
    prices = prices_of(INSTANCE)
    apart, together, scaled = ways_of(Cycle({"a": one, "b": other}, True, 1.0), 4.0, prices)
    assert together.usd_per_day == pytest.approx(4 * 24 * 37.56)
    assert apart.usd_per_day == pytest.approx(6 * 24 * 37.56)
    assert scaled.usd_per_day == pytest.approx(4 * 24 * 98.32)
    assert peak_to_trough(one) == 3.0
    assert peak_to_trough(np.array([0.0, 1.0])) == float("inf")


def test_figure_4_lengths_are_those_of_the_records(small: ResultFolder, tmp_path: Path) -> None:
    index = write_paper_figures([small], [4], tmp_path)
    prompts = [
        float(row["tokens"]) for row in rows_of(tmp_path, "figure-4-lengths") if row["kind"] == "prompt"
    ]
    told = sorted(r.input_tokens for r in small.records(small.systems[0]) if r.finished and r.input_tokens)
    assert prompts == told
    assert "round robin" in index.left_out[0].why


def test_figure_5_has_the_four_means(small: ResultFolder, tmp_path: Path) -> None:
    (entry,) = write_paper_figures([small], [5], tmp_path).figures
    for where in ("within a user", "across users", "within a region", "across regions"):
        assert where in entry.caption
    matrix = [[row[key] for key in row if key != "user"] for row in rows_of(tmp_path, "figure-5")]
    assert all(len(row) == len(matrix) for row in matrix)
    assert matrix[0][1] == matrix[1][0]


def test_consistent_hashing_never_beats_the_global_view(small: ResultFolder) -> None:
    requests = requests_of(load_run(small), 150)
    assert len(requests) == 150
    names = ["a", "b", "c"]
    optimum, hashed = hit_rate(requests, ["all"], None), hit_rate(requests, names, None)
    assert 0 < hashed <= optimum < 1
    assert hit_rate(requests, names, 40) <= hashed
    assert hit_rate(requests, ["all"], 0) == 0.0


def test_replaying_is_the_same_each_time(small: ResultFolder) -> None:
    run = load_run(small)
    assert requests_of(run, 40) == requests_of(run, 40)


def test_the_command_draws_and_says_what_is_left_out(small: ResultFolder, tmp_path: Path) -> None:
    app = Typer()
    app.command()(plot)
    done = CliRunner().invoke(
        app, [str(small.path), "--figure", "9", "--figure", "2", "--output-dir", str(tmp_path)]
    )
    assert done.exit_code == 0
    assert (tmp_path / "figure-9.png").is_file()
    assert "left out: Figure 2" in done.output
    wrong = CliRunner().invoke(app, [str(small.path), "--figure", "7"])
    assert isinstance(wrong.exception, UserError)
