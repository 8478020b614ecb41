"""Every figure is explained where figures are asked for."""

import orjson
from typer.testing import CliRunner

from nightshift.bench.measures import DEFINITIONS
from nightshift.bench.measures.vocabulary import OTHER_NAMES
from nightshift.cli import app


def test_every_definition_is_printed() -> None:
    shown = CliRunner().invoke(app, ["bench", "measures"]).output
    assert all(text in shown for text in DEFINITIONS.values())
    assert "ttft=2,tpot=0.1" in shown
    line = "tpot_s elsewhere: AIPerf inter_token_latency, GuideLLM inter_token_latency_ms, inference-perf "
    assert line in shown
    assert all(names.figure in shown and names.note in shown for names in OTHER_NAMES)


def test_as_json() -> None:
    shown = orjson.loads(CliRunner().invoke(app, ["bench", "measures", "--json"]).output)
    assert DEFINITIONS.items() <= shown.items()


def test_other_tools_names_are_of_figures_that_exist() -> None:
    assert {names.figure.partition(".")[0] for names in OTHER_NAMES} <= set(DEFINITIONS)
