import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import orjson
import pytest
from matplotlib.image import imread

from nightshift.bench.figures import throughput, write_figures
from nightshift.bench.figures.index import FigureEntry, figures_path, read_index
from nightshift.bench.figures.loading import load_run
from nightshift.bench.figures.style import DOTS_PER_INCH, WIDTH_IN
from nightshift.bench.figures.write import write_into
from nightshift.bench.results import ResultFolder

MakeResults = Callable[..., ResultFolder]


def entries(folder: ResultFolder) -> list[FigureEntry]:
    index = read_index(figures_path(folder))
    assert index is not None
    return index.figures


def left_out(folder: ResultFolder) -> dict[str, str]:
    index = read_index(figures_path(folder))
    assert index is not None
    return {one.title: one.why for one in index.left_out}


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
    pictures = [drawn.path / "figures" / f"{entry.name}.png" for entry in entries(drawn)]
    shared = ["throughput", "ttft", "e2e", "ttft-by-region", "goodput", "hit-rate", "imbalance"]
    shared += ["imbalance-over-time", "hand-overs", "flows", "over-time"]
    sampled = [f"fleet-{system.folder_name}" for system in drawn.systems[:6]]  # system 6 has no samples
    assert [path.stem for path in pictures] == shared + sampled
    for path in pictures:
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert path.with_suffix(".svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
        height, width, _channels = imread(path).shape
        assert width == pytest.approx(WIDTH_IN * DOTS_PER_INCH, abs=1)
        assert height > 300
        assert rows_of(drawn, path.stem)
    for entry in entries(drawn):
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
        spread = drawn.systems[int(row["id"])].figures["regions"][row["region"]]["ttft_s"]
        assert float(row["p50_s"]) == pytest.approx(spread["p50"], rel=1e-5)


def test_captions_count_what_no_box_can_show(drawn: ResultFolder) -> None:
    captions = {entry.name: entry.caption for entry in entries(drawn)}
    counted = [record for record in drawn.records(drawn.systems[0]) if record.start >= 10.0]
    unfinished_or_failed = sum(not record.finished for record in counted)
    assert unfinished_or_failed > 0
    assert f"Baseline: {unfinished_or_failed}," in captions["e2e"]


def test_fleet_data_is_what_was_sampled(drawn: ResultFolder) -> None:
    samples = drawn.samples(drawn.systems[2])
    rows = rows_of(drawn, "fleet-2-sky_pull_pull")
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
    for number in (0, 2):  # the fleet is drawn of the worst name alone
        (folder.repetition_path(folder.systems[number], 1) / "samples.jsonl").unlink()
    assert len(write_figures(folder)) == 12
    assert rows_of(folder, "throughput")[1]["legend"] == "夜勤 🌙 \n \\frac"


@pytest.mark.long
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


@pytest.mark.long
def test_one_region_needs_no_figure_by_region(make_results: MakeResults) -> None:
    folder = make_results(count=1, regions={"us-east-2": {"replicas": 2, "users": 60}})
    for path in folder.path.glob("systems/*/rep-1/records-ap-northeast-1.jsonl"):
        path.unlink()
    assert "ttft-by-region" not in [path.stem for path in write_figures(folder)]


@pytest.mark.long
def test_figures_of_an_earlier_drawing_go(make_results: MakeResults) -> None:
    folder = make_results(count=2)
    write_figures(folder)
    (folder.repetition_path(folder.systems[0], 1) / "samples.jsonl").unlink()
    (folder.path / "figures" / "mine.png").write_bytes(b"kept")
    write_figures(folder)
    left = {path.name for path in (folder.path / "figures").iterdir()}
    assert {"fleet-0-sgl.png", "fleet-0-sgl.svg", "fleet-0-sgl.csv"}.isdisjoint(left)
    assert {"fleet-1-sky_sgl_enhanced.png", "mine.png"} <= left


def test_drawing_leaves_no_setting_behind(results: ResultFolder, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    assert write_into(tmp_path, throughput.draw(load_run(results))).figures
    assert dict(mpl.rcParams) == before


def test_emulated_is_said_in_each_figure(make_results: MakeResults) -> None:
    from nightshift.bench.figures.names import engine_label

    assert "emulated" in load_run(make_results(count=1)).subtitle
    assert engine_label({"engine": "l4", "emulated": True}) == "emulated l4"
    assert engine_label({"engine": "emulated l4", "emulated": True}) == "emulated l4"
    assert engine_label({"engine": "llama.cpp", "emulated": False}) == "llama.cpp"


def test_repetitions_have_intervals_and_a_figure(repeated: ResultFolder) -> None:
    for row, system in zip(rows_of(repeated, "throughput"), repeated.systems, strict=True):
        low, high = system.intervals["weighted_token_per_s"]
        assert float(row["weighted_token_per_s_low"]) == pytest.approx(low, rel=1e-5)
        assert float(row["weighted_token_per_s_high"]) == pytest.approx(high, rel=1e-5)
    rows = rows_of(repeated, "repetitions")
    each = [float(text) for text in rows[0]["repetitions"].split()]
    told = [row["weighted_token_per_s"] for row in repeated.systems[0].figures["repetitions"]]
    assert each == pytest.approx(told, rel=1e-5)
    captions = {entry.name: entry.caption for entry in entries(repeated)}
    assert "95 % intervals (bootstrap error × Student's t) over 3 repetitions" in captions["throughput"]


def test_boxes_hold_all_repetitions(repeated: ResultFolder) -> None:
    counted = [r for r in repeated.records(repeated.systems[0]) if r.start >= 10.0 and r.finished]
    assert int(rows_of(repeated, "e2e")[0]["count"]) == len(counted)


def test_one_repetition_says_that_no_spread_is_known(drawn: ResultFolder) -> None:
    assert "ran once" in left_out(drawn)["Repetitions"]
    assert "nothing was sampled" in left_out(drawn)["Fleet over time: 6 GKE Gateway (emulated)"]


@pytest.mark.long
def test_systems_without_a_number(make_results: MakeResults) -> None:
    folder = make_results(count=2, numbered=False)
    write_figures(folder)
    assert [(row["id"], row["system"]) for row in rows_of(folder, "ttft")] == [
        ("", "sgl"),
        ("", "sky_sgl_enhanced"),
    ]
    assert (folder.path / "figures" / "fleet-sgl.png").is_file()


def test_flows_count_who_was_served_where(drawn: ResultFolder) -> None:
    rows = [row for row in rows_of(drawn, "flows") if row["system"] == "sky_pull_pull"]
    shown = {(row["asked_in"], row["served_in"]): int(row["requests"]) for row in rows}
    records = [record for record in drawn.records(drawn.systems[2]) if record.finished]
    far = [r for r in records if (r.region, r.served_by) == ("us-east-2", "ap-northeast-1")]
    assert shown["us-east-2", "ap-northeast-1"] == len(far) > 0
    assert sum(shown.values()) == len(records)
    shares = [float(row["share"]) for row in rows if row["asked_in"] == "us-east-2"]
    assert sum(shares) == pytest.approx(1.0, rel=1e-4)


def test_a_router_that_names_no_region_is_placed_by_its_replica(drawn: ResultFolder) -> None:
    rows = [row for row in rows_of(drawn, "flows") if row["system"] == "sgl"]
    assert {row["served_in"] for row in rows} == {"us-east-2", "ap-northeast-1"}


def test_hand_overs_add_up_over_time(drawn: ResultFolder) -> None:
    lines = [r for r in rows_of(drawn, "over-time") if r["measure"] == "handed_over" and r["id"] == "3"]
    handed_over = [record for record in drawn.records(drawn.systems[3]) if record.hops]
    assert int(lines[-1]["value"]) == len(handed_over)


def test_virtual_time_and_data_are_said_in_each_figure(make_results: MakeResults) -> None:
    run = load_run(make_results(count=1, time="virtual", data="synthetic: few"))
    assert "virtual time (simulated)" in run.subtitle
    assert "synthetic: few" in run.subtitle


@pytest.mark.long
def test_the_same_results_give_the_same_files(make_results: MakeResults) -> None:
    one, other = make_results(count=1), make_results(count=1)
    for folder in (one, other):
        write_figures(folder)
    for name in ("throughput.svg", "flows.svg", "throughput.csv"):
        first, second = (folder.path / "figures" / name for folder in (one, other))
        assert first.read_bytes() == second.read_bytes()
