"""The reference page has every figure, and the table of names that the command prints."""

from dataclasses import astuple
from pathlib import Path

import pytest

from nightshift.bench.measures import DEFAULT_SLO, DEFINITIONS
from nightshift.bench.measures.vocabulary import OTHER_NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "measures.md").read_text()
PLAIN = PAGE.replace("**", "").replace("`", "")
COUNTS = {"requests", "finished", "failed", "unfinished", "without_first_token", "warmup_requests"}


@pytest.mark.parametrize("name", sorted(set(DEFINITIONS) - COUNTS))
def test_every_figure_is_on_the_page(name: str) -> None:
    assert f"`{name}" in PAGE


@pytest.mark.parametrize("names", OTHER_NAMES, ids=lambda names: names.figure)
def test_the_table_of_names_is_that_of_the_command(names: object) -> None:
    figure, *others, _note = astuple(names)  # type: ignore[call-overload]
    assert f"| {figure} | {' | '.join(others)} |" in PLAIN


def test_the_default_objective_is_that_of_the_code() -> None:
    assert f"--slo '{DEFAULT_SLO.text}'" in PLAIN
