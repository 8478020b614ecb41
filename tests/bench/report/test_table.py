import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from nightshift.bench.report import columns, print_summary, summary_table
from nightshift.bench.report.command import report_command
from nightshift.bench.report.table import SHOWN, WIDTH, figures_at
from nightshift.bench.results import Json, ResultFolder
from nightshift.errors import UserError


def lines_of(results: ResultFolder, width: int = WIDTH) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(summary_table(results.summary, width))
    return text.getvalue().splitlines()


def test_seven_rows_with_the_numbers_of_the_summary(results: ResultFolder) -> None:
    lines = lines_of(results)
    assert all(len(line) <= WIDTH for line in lines)
    assert not any("…" in line for line in lines)
    for system in results.systems:
        (line,) = [line for line in lines if line.split()[:1] == [str(system.id)]]
        figures = system.figures
        numbers = line.split()
        assert f"{figures['weighted_token_per_s']:,.0f}" in numbers
        assert numbers[-3:] == [str(figures[key]) for key in ("handed_over", "failed", "unfinished")]
        imbalance = figures["imbalance"]
        assert numbers[-4] == ("–" if imbalance is None else f"{imbalance['mean']:.2f}")
        assert numbers[-6] == f"{figures['goodput']['share']:.1%}".rstrip("%")
        assert system.legend.split("[")[0] in line


def test_brackets_in_a_name_are_no_markup(results: ResultFolder) -> None:
    assert any("Ours [Steal+Pull]" in line for line in lines_of(results))


def test_a_pipe_gets_the_full_width(results: ResultFolder, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(results.summary)
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "GKE Gateway (emulated)" in printed


def test_a_pipe_is_as_wide_as_large_numbers_need(
    results: ResultFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {**row, "handed_over": 1234567, "weighted_token_per_s": 1e9} for row in results.summary["systems"]
    ]
    print_summary({**results.summary, "systems": rows})
    printed = capsys.readouterr().out
    assert printed.count("1,234,567") == len(rows)
    assert "…" not in printed


@pytest.mark.parametrize("width", [60, 80, 90, 100, 112])
def test_a_narrow_terminal_keeps_names_and_failures(results: ResultFolder, width: int) -> None:
    lines = lines_of(results, width)
    text = "\n".join(lines)
    assert all(len(line) <= width for line in lines)
    assert "…" not in text
    assert "failed" in text
    for system in results.systems:
        (line,) = [line for line in lines if line.split()[:1] == [str(system.id)]]
        name = system.legend.split("[")[0].split("(")[0].strip()
        assert (name if width >= 80 else name.split()[0]) in line
        assert line.split()[-1] == str(system.figures["unfinished"])


def test_a_narrow_terminal_is_told_what_it_lacks(
    results: ResultFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    print_summary(results.summary)
    printed = " ".join(capsys.readouterr().out.split())
    left_out = "Handed over, Output throughput, E2E p50, Imbalance, Goodput"
    assert f"Left out at this width: {left_out}. All are in the report." in printed


def titles(found: list[tuple[str, columns.Column]]) -> list[str]:
    return [column.title for _heading, column in found]


def test_what_is_left_out_is_named_and_goes_by_its_weight(results: ResultFolder) -> None:
    assert titles(figures_at(results.summary, WIDTH)[1]) == []
    assert titles(figures_at(results.summary, 100)[1]) == ["Handed over", "Output throughput", "E2E p50"]
    shown, gone = figures_at(results.summary, 80)
    assert titles(gone)[-2:] == ["Imbalance", "Goodput"]
    assert len(shown) + len(gone) == len(SHOWN)


def test_a_figure_that_no_system_has_takes_no_room(results: ResultFolder) -> None:
    old: Json = {
        **results.summary,
        "systems": [{**row, "goodput": None, "imbalance": None} for row in results.summary["systems"]],
    }
    shown, gone = figures_at(old, WIDTH)
    assert not {"Goodput", "Imbalance"} & {*titles(shown), *titles(gone)}
    assert "goodput" not in str(summary_table(old).caption)


def test_wide_signs_of_a_name_take_the_room_of_two(results: ResultFolder) -> None:
    def left(name: str, width: int) -> list[str]:
        rows = [{**row, "legend": name} for row in results.summary["systems"]]
        return titles(figures_at({**results.summary, "systems": rows}, width)[0])

    assert all(left("負荷分散装置", width) == left("twelve signs", width) for width in range(50, 125))


def test_the_caption_says_the_limits_and_what_even_is(results: ResultFolder) -> None:
    caption = str(summary_table({**results.summary, "slo": {"text": "ttft=1,e2e=9"}}).caption)
    assert "goodput = requests within the SLO (ttft=1,e2e=9, in s)" in caption
    assert "1 is even" in caption


def test_failures_and_leads_are_marked(results: ResultFolder) -> None:
    table = summary_table(results.summary)
    by_heading = {" ".join(str(column.header).split()): list(column.cells) for column in table.columns}
    assert by_heading["failed"][0].style == "bold red"  # type: ignore[union-attr]  # cells are Text
    assert [str(cell.style) for cell in by_heading["TTFT p90 s"]].index("bold") == 5  # type: ignore[union-attr]  # as above


def test_the_command_makes_all_again(make_results: Callable[..., ResultFolder]) -> None:
    folder = make_results(count=1)
    (folder.repetition_path(folder.systems[0], 1) / "samples.jsonl").unlink()  # there is less to draw
    app = Typer()
    app.command()(report_command)
    result = CliRunner().invoke(app, [str(folder.path)])
    assert result.exit_code == 0
    assert f"report: {folder.path / 'report.html'}" in result.output
    assert (folder.path / "report.html").is_file()
    assert (folder.path / "figures" / "ttft.png").is_file()


def test_the_command_wants_a_result_folder(tmp_path: Path) -> None:
    app = Typer()
    app.command()(report_command)
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert list(tmp_path.iterdir()) == []
