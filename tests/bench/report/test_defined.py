"""Definitions beside what they define."""

from typing import Any

import pytest

from nightshift.bench.measures.vocabulary import OTHER_NAMES, TOOLS
from nightshift.bench.report.defined import defined, names_elsewhere
from nightshift.bench.report.words import definitions


@pytest.mark.parametrize(
    "path", ["ttft_s.p50", "ttft_s", "goodput.share", "imbalance.mean", "imbalance_of_means"]
)
def test_a_figure_has_its_definition(path: str, read_page: Any) -> None:
    text = read_page(str(defined([path]))).text
    known = definitions()
    name = path if path in known else path.partition(".")[0]
    assert name in text
    assert known[name] in text


def test_each_is_said_once_and_none_makes_nothing() -> None:
    assert str(defined(["ttft_s.p50", "ttft_s.p90"])).count("<dt>") == 1
    assert str(defined([])) == str(defined(["no.such.figure"])) == ""


def test_all_other_names_are_in_a_table(read_page: Any) -> None:
    (table,) = read_page(str(names_elsewhere())).all("table")
    rows = [[cell.text for cell in row.children] for row in table.all("tr")]
    assert rows[0] == ["Here", *TOOLS, "Note"]
    assert [row[0] for row in rows[1:]] == [names.figure for names in OTHER_NAMES]
    assert rows[1][1] == OTHER_NAMES[0].aiperf
