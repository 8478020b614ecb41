"""The order of measurements, and a whole run that is short: real processes, real sockets."""

import os
from collections import Counter
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.command import proxy
from nightshift.bench.proxy.docs import BEGIN, END
from nightshift.bench.proxy.paired import schedule

CELLS = (Cell("a"), Cell("b"), Cell("c", hops=2))
STANDING = [("direct", 1), ("nightshift", 1), ("nginx", 1), ("direct", 2), ("nightshift", 2)]


def test_all_meet_in_each_cell_of_each_repetition() -> None:
    todo = list(schedule(CELLS, STANDING, 4, seed=1))
    assert Counter(todo).most_common(1)[0][1] == 1
    assert len(todo) == 4 * (3 + 3 + 2)
    places = [(repetition, cell.name) for repetition, cell, _id in todo]
    assert places == sorted(places)


def test_the_order_is_drawn_anew_and_comes_again_with_the_seed() -> None:
    todo = [list(schedule(CELLS[:1], STANDING, 20, seed)) for seed in (1, 1, 2)]
    assert todo[0] == todo[1]
    assert todo[0] != todo[2]
    firsts = {id_ for repetition, _cell, id_ in todo[0][::3]}
    assert firsts == {"direct", "nightshift", "nginx"}


def children() -> set[str]:
    """Return the ids of all processes whose parent is this one."""
    here = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return set(here.read_text().split())


@pytest.mark.timeout(60)
@pytest.mark.long
def test_a_short_run(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(proxy)
    before = children()
    cells = "small-cold-50,hand-over-hot-50,small-stream-50"
    short = f"--only nightshift --repetitions 1 --seconds 0.1 --output {tmp_path} --json".split()
    result = CliRunner().invoke(app, ["--parts", "cells", "--cells", cells, *short])
    assert result.exit_code == 0, result.output
    assert children() == before
    summary = orjson.loads((tmp_path / "summary.json").read_bytes())
    assert orjson.loads(result.stdout) == summary
    lines = [orjson.loads(line) for line in (tmp_path / "raw.jsonl").read_bytes().splitlines()]
    assert len(lines) == 6
    for line in lines:
        assert (line["errors"], line["unfinished"], line["problems"]) == (0, 0, []), line
        assert (line["cpu_s"] > 0) is (line["contestant"] == "nightshift")
    streams = [line for line in lines if line["cell"] == "small-stream-50"]
    assert [(line["requests"], line["units"]) for line in streams] == [(50, 5000)] * 2
    assert "| nightshift |" in (tmp_path / "tables.md").read_text()

    result = CliRunner().invoke(app, ["--parts", "memory,processes", "--prompts", "1000", *short])
    assert result.exit_code == 0, result.output
    assert children() == before
    both = orjson.loads((tmp_path / "summary.json").read_bytes())["parts"]
    assert both["cells"] == summary["parts"]["cells"]  # as it was
    assert [(row["id"], row["failed"], row["samples"][-1]["prompts"]) for row in both["memory"]["rows"]] == [
        ("nightshift", 0, 1000),
        ("nightshift-small", 0, 1000),
    ]
    assert [row["failed"] for row in both["processes"]["rows"]] == [0, 0, 0]
    assert all(row["per_s"]["median"] > 0 for row in both["processes"]["rows"])

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}{END}after\n")
    assert CliRunner().invoke(app, ["--docs", str(page), "--output", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "tables.md").read_text() in page.read_text()
