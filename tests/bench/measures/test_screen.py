"""The formulas in `--help`: short, of figures that exist, with what other tools call the confusing ones."""

import pytest
from typer.testing import CliRunner

from nightshift.bench.measures.definitions import DEFINITIONS
from nightshift.bench.measures.screen import CONFUSED, FORMULAS, measures_help
from nightshift.bench.measures.vocabulary import OTHER_NAMES
from nightshift.cli import app


@pytest.mark.parametrize("name", FORMULAS)
def test_each_formula_is_of_a_figure_that_is_defined(name: str) -> None:
    assert name.partition(".")[0] in {known.partition(".")[0] for known in DEFINITIONS}


def test_it_fits_a_terminal_and_a_page() -> None:
    lines = measures_help().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 50


def test_the_names_that_tools_disagree_on_are_told_apart() -> None:
    text = " ".join(measures_help().split())
    for names in OTHER_NAMES:
        if names.figure in CONFUSED:
            assert names.called in text
            assert "–" not in names.called


@pytest.mark.parametrize("command", ["compare", "client"])
def test_the_commands_that_measure_say_how(command: str) -> None:
    shown = CliRunner().invoke(app, ["bench", command, "--help"])
    assert shown.exit_code == 0
    assert measures_help() in shown.output
