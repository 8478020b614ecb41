"""Exports of a whole folder, as a user asks for them."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from nightshift.bench.export.write import is_written, write_exports
from nightshift.bench.measures import DEFAULT_SLO, Slo
from nightshift.bench.results import ResultFolder
from nightshift.cli import app
from nightshift.errors import UserError

MakeResults = Callable[..., ResultFolder]


def lines(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_each_repetition_has_both_files(make_results: MakeResults) -> None:
    folder = make_results(count=2)
    written = write_exports(folder)
    assert len(written) == 2 * sum(len(folder.repetitions(system)) for system in folder.systems)
    system = folder.systems[1]
    number = folder.repetitions(system)[-1]
    place = folder.repetition_path(system, number)
    made = lines(place / "profile_export.jsonl")
    records = folder.records(system, number)
    assert {line["metadata"]["x_request_id"] for line in made} == {record.uid for record in records}  # type: ignore[index]
    summary = orjson.loads((place / "summary_lifecycle_metrics.json").read_bytes())
    counted = [record for record in records if record.start >= 10.0]
    assert summary["load_summary"]["count"] == len(counted)
    assert summary["successes"]["count"] == sum(record.finished for record in counted)


def test_conversations_are_numbered_as_they_begin(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    made = lines(write_exports(folder)[0])
    starts = [line["metadata"]["request_start_ns"] for line in made]  # type: ignore[index]
    assert starts == sorted(starts)
    first_seen = dict.fromkeys(line["metadata"]["session_num"] for line in made)  # type: ignore[index]
    assert list(first_seen) == list(range(len(first_seen)))


def test_the_objective_can_be_another(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    strict = write_exports(folder, Slo(ttft=1e-9))[1]
    assert orjson.loads(strict.read_bytes())["successes"]["goodput_metrics"]["good_requests"] == 0


def test_what_is_written_is_known_and_another_objective_is_not(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    place = folder.repetition_path(folder.systems[0], 1)
    assert not is_written(place, DEFAULT_SLO)
    write_exports(folder, DEFAULT_SLO)
    assert is_written(place, DEFAULT_SLO)
    assert not is_written(place, Slo(ttft=1e-9))
    (place / "profile_export.jsonl").unlink()
    assert not is_written(place, DEFAULT_SLO)


def test_what_is_no_result_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.json is missing: give a folder"):
        write_exports(ResultFolder(tmp_path))


def test_the_command_names_what_it_wrote(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    done = CliRunner().invoke(app, ["bench", "export", str(folder.path), "--slo", "ttft=1"])
    assert done.exit_code == 0, done.output
    assert all(Path(line).is_file() for line in done.output.split())
