from pathlib import Path

import pytest

from nightshift.bench.records import RequestRecord, write_record
from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError


def test_reads_what_a_run_left(results: ResultFolder) -> None:
    system = results.systems[5]
    assert (system.id, system.suffix) == (5, "sky_pull_pull_rate_limit")
    assert len(results.records(system)) == system.figures["requests"]
    assert {record.region for record in results.records(system)} == {"us-east-2", "ap-northeast-1"}
    assert results.samples(system)[3]["t"] == 6.0


def test_absent_samples_are_an_empty_list(results: ResultFolder) -> None:
    assert results.samples(results.systems[6]) == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"summary\.json is missing: give a folder"):
        _ = ResultFolder(tmp_path).systems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"systems": [}', r"summary\.json:2: not JSON"),
        ("[]", "expected a JSON object"),
        ('{"systems": [{"id": 1}]}', "each system needs an id, a suffix and a legend"),
        ('{"systems": [{"id": "one", "suffix": "a", "legend": "b"}]}', "each system needs an id"),
        ("{}", "each system needs an id"),
    ],
)
def test_a_broken_summary_is_the_users_to_mend(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(UserError, match=said):
        _ = ResultFolder(tmp_path).systems


def folder_with_samples(path: Path, text: str) -> ResultFolder:
    (path / "summary.json").write_text('{"systems": [{"id": 0, "suffix": "a", "legend": "A"}]}')
    (path / "systems" / "0-a" / "rep-1").mkdir(parents=True)
    (path / "systems" / "0-a" / "rep-1" / "samples.jsonl").write_text(text)
    return ResultFolder(path)


def test_a_last_line_without_its_end_is_left_out(tmp_path: Path) -> None:
    folder = folder_with_samples(tmp_path, '{"t": 0}\n{"t": 1}\n{"t": ')
    assert [sample["t"] for sample in folder.samples(folder.systems[0])] == [0, 1]


def test_any_other_broken_line_is_named(tmp_path: Path) -> None:
    folder = folder_with_samples(tmp_path, '{"t": 0}\n{"t": \n{"t": 2}\n')
    with pytest.raises(UserError, match=r"samples\.jsonl:2: not JSON"):
        folder.samples(folder.systems[0])


def test_a_system_without_a_number_has_a_folder_of_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"systems": [{"id": null, "suffix": "p2c", "legend": "Two"}]}')
    (system,) = ResultFolder(tmp_path).systems
    assert system.id is None
    assert ResultFolder(tmp_path).system_path(system) == tmp_path / "systems" / "p2c"


def with_repetitions(path: Path) -> ResultFolder:
    folder = folder_with_samples(path, "")
    for number in (10, 2):
        place = path / "systems" / "0-a" / f"rep-{number}"
        place.mkdir()
        (place / "samples.jsonl").write_text(f'{{"t": {number}}}\n')
        (place / "client-us.json").write_text(f'{{"region": "us", "requests": {number}}}')
        with (place / "records-us.jsonl").open("wb") as file:
            write_record(file, RequestRecord(f"{number}", "us", 0, 0, "p", "k", 0.0, 1.0, prompt_bytes=4))
    (path / "systems" / "0-a" / "rep-3.new").mkdir()
    return folder


def test_repetitions_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = with_repetitions(tmp_path)
    assert folder.repetitions(folder.systems[0]) == (1, 2, 10)


def test_one_repetition_or_all(tmp_path: Path) -> None:
    folder = with_repetitions(tmp_path)
    (system,) = folder.systems
    assert [record.uid for record in folder.records(system)] == ["2", "10"]
    assert [record.uid for record in folder.records(system, 10)] == ["10"]
    assert folder.records(system, 1) == []
    assert [client["requests"] for client in folder.clients(system)] == [2, 10]


def test_samples_are_of_one_run(tmp_path: Path) -> None:
    folder = with_repetitions(tmp_path)
    (system,) = folder.systems
    assert folder.samples(system, 10) == [{"t": 10}]
    assert folder.samples(system) == [{"t": 2}]  # the first repetition has none
