import csv
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import orjson
import pytest
from matplotlib.image import imread

from nightshift.bench.figures import read_index, write_figures
from nightshift.bench.figures.style import DOTS_PER_INCH, WIDTH_IN
from nightshift.bench.results import ResultFolder

MakeResults = Callable[..., ResultFolder]


def rows_of(folder: ResultFolder, name: str) -> list[dict[str, str]]:
    with (folder.path / "figures" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rewrite_summary(folder: ResultFolder, change: Callable[[list[dict[str, Any]]], None]) -> ResultFolder:
    path = folder.path / "summary.json"
    summary = orjson.loads(path.read_bytes())
    change(summary["systems"])
    path.write_bytes(orjson.dumps(summary))
    return ResultFolder(folder.path)


def test_every_figure_is_a_png_with_its_data_and_words(drawn: ResultFolder) -> None:
    pictures = [drawn.path / "figures" / f"{entry.name}.png" for entry in read_index(drawn) or []]
    shared = ["throughput", "ttft", "e2e", "ttft-by-region", "hit-rate", "hand-overs"]
    sampled = [f"fleet-{system}" for system in range(6)]  # system 6 has no samples
    assert [path.stem for path in pictures] == shared + sampled
    for path in pictures:
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        height, width, _channels = imread(path).shape
        assert width == pytest.approx(WIDTH_IN * DOTS_PER_INCH, abs=1)
        assert height > 300
        assert rows_of(drawn, path.stem)
    for entry in read_index(drawn) or []:
        assert entry.title
        assert entry.caption
        assert entry.alt


def test_bars_show_what_the_summary_says(drawn: ResultFolder) -> None:
    shown = [float(row["weighted_token_per_s"]) for row in rows_of(drawn, "throughput")]
    assert shown == pytest.approx([s.figures["weighted_token_per_s"] for s in drawn.systems], rel=1e-5)
    rates = [row["prefix_hit_rate"] for row in rows_of(drawn, "hit-rate")]
    assert rates[6] == ""  # its engine did not report cached tokens, which is no hit rate of zero
    assert float(rates[5]) == pytest.approx(drawn.systems[5].figures["prefix_hit_rate"], rel=1e-5)


@pytest.mark.parametrize(("figure", "key"), [("ttft", "ttft_s"), ("e2e", "e2e_s")])
def test_boxes_are_over_the_requests_of_the_summary(drawn: ResultFolder, figure: str, key: str) -> None:
    for row, system in zip(rows_of(drawn, figure), drawn.systems, strict=True):
        spread = system.figures[key]
        assert float(row["p50_s"]) == pytest.approx(spread["p50"], rel=1e-5)
        assert float(row["p90_s"]) == pytest.approx(spread["p90"], rel=1e-5)
        assert float(row["mean_s"]) == pytest.approx(spread["mean"], rel=1e-5)


def test_regional_boxes_too(drawn: ResultFolder) -> None:
    for row in rows_of(drawn, "ttft-by-region"):
        spread = drawn.systems[int(row["system"])].figures["regions"][row["region"]]["ttft_s"]
        assert float(row["p50_s"]) == pytest.approx(spread["p50"], rel=1e-5)


def test_captions_count_what_no_box_can_show(drawn: ResultFolder) -> None:
    captions = {entry.name: entry.caption for entry in read_index(drawn) or []}
    counted = [record for record in drawn.records(drawn.systems[0]) if record.start >= 10.0]
    unfinished_or_failed = sum(not record.finished for record in counted)
    assert unfinished_or_failed > 0
    assert f"0: {unfinished_or_failed}," in captions["e2e"]


def test_fleet_data_is_what_was_sampled(drawn: ResultFolder) -> None:
    samples = drawn.samples(drawn.systems[2])
    rows = rows_of(drawn, "fleet-2")
    queue = [float(row["value"]) for row in rows if (row["measure"], row["region"]) == ("queue", "us-east-2")]
    assert queue == [sample["balancers"]["us-east-2"]["queue"] for sample in samples]
    running = [
        float(row["value"])
        for row in rows
        if (row["measure"], row["name"]) == ("running", "ap-northeast-1-1")
    ]
    assert running == [sample["replicas"]["ap-northeast-1-1"]["running"] for sample in samples]


def test_names_of_any_kind_are_drawn_as_text(make_results: MakeResults) -> None:
    def rename(rows: list[dict[str, Any]]) -> None:
        for row, legend in zip(rows, ["$x_{$", "夜勤 🌙 \n \\frac", ""], strict=True):
            row["legend"] = legend

    folder = rewrite_summary(make_results(count=3, workload="$\\bad{", regions={"夜": {}, "b": {}}), rename)
    assert len(write_figures(folder)) == 9
    assert rows_of(folder, "throughput")[1]["legend"] == "夜勤 🌙 \n \\frac"


def test_a_system_without_any_answer_keeps_its_row(make_results: MakeResults) -> None:
    folder = make_results(count=2)
    system = folder.systems[1]
    for path in folder.repetition_path(system, 1).glob("records-*.jsonl"):
        path.write_bytes(b"")
    write_figures(folder)
    row = rows_of(folder, "ttft")[1]
    assert (row["legend"], row["count"], row["p50_s"]) == (system.legend, "0", "")


def test_a_run_without_any_request_is_drawn(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    for path in folder.path.glob("systems/*/rep-1/*.jsonl"):
        path.write_bytes(b"")
    nothing: dict[str, Any] = {"weighted_token_per_s": 0.0, "output_token_per_s": 0.0, "handed_over": 0}
    folder = rewrite_summary(folder, lambda rows: rows[0].update(nothing))
    assert [path.stem for path in write_figures(folder)][:2] == ["throughput", "ttft"]


def test_one_region_needs_no_figure_by_region(make_results: MakeResults) -> None:
    folder = make_results(count=1, regions={"us-east-2": {"replicas": 2, "users": 60}})
    for path in folder.path.glob("systems/*/rep-1/records-ap-northeast-1.jsonl"):
        path.unlink()
    assert "ttft-by-region" not in [path.stem for path in write_figures(folder)]


def test_figures_of_an_earlier_drawing_go(make_results: MakeResults) -> None:
    folder = make_results(count=2)
    write_figures(folder)
    (folder.repetition_path(folder.systems[0], 1) / "samples.jsonl").unlink()
    (folder.path / "figures" / "mine.png").write_bytes(b"kept")
    write_figures(folder)
    left = {path.name for path in (folder.path / "figures").iterdir()}
    assert {"fleet-0.png", "fleet-0.csv"}.isdisjoint(left)
    assert {"fleet-1.png", "mine.png"} <= left


def test_drawing_leaves_no_setting_behind(make_results: MakeResults) -> None:
    before = dict(mpl.rcParams)
    write_figures(make_results(count=1))
    assert dict(mpl.rcParams) == before


def test_emulated_is_said_in_each_figure(make_results: MakeResults) -> None:
    from nightshift.bench.figures.data import engine_label, load_run

    assert "emulated" in load_run(make_results(count=1)).subtitle
    assert engine_label({"engine": "l4", "emulated": True}) == "emulated l4"
    assert engine_label({"engine": "emulated l4", "emulated": True}) == "emulated l4"
    assert engine_label({"engine": "llama.cpp", "emulated": False}) == "llama.cpp"
