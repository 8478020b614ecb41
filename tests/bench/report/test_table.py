import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from nightshift.bench.report import print_summary, summary_table
from nightshift.bench.report.command import report_command
from nightshift.bench.report.table import WIDTH
from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError


def lines_of(results: ResultFolder, width: int = WIDTH) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(summary_table(results.summary))
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
        assert system.legend.split("[")[0] in line


def test_brackets_in_a_name_are_no_markup(results: ResultFolder) -> None:
    assert any("Ours [Steal+Pull]" in line for line in lines_of(results))


def test_a_pipe_gets_the_full_width(results: ResultFolder, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(results.summary)
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "GKE Gateway (emulated)" in printed


def test_a_terminal_of_80_columns_keeps_names_and_failures(results: ResultFolder) -> None:
    text = io.StringIO()
    Console(file=text, width=80, color_system=None).print(summary_table(results.summary, narrow=True))
    lines = text.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in text.getvalue()
    assert "failed" in text.getvalue()
    for system in results.systems:
        (line,) = [line for line in lines if line.split()[:1] == [str(system.id)]]
        assert system.legend.split("[")[0].split("(")[0].strip() in line


def test_failures_and_leads_are_marked(results: ResultFolder) -> None:
    table = summary_table(results.summary)
    by_heading = {" ".join(str(column.header).split()): list(column.cells) for column in table.columns}
    assert by_heading["failed"][0].style == "bold red"  # type: ignore[union-attr]  # cells are Text
    assert [str(cell.style) for cell in by_heading["TTFT p90 s"]].index("bold") == 5  # type: ignore[union-attr]  # as above


def test_the_command_makes_all_again(make_results: Callable[..., ResultFolder]) -> None:
    folder = make_results(count=1)
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
