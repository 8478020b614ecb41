from pathlib import Path

import pytest

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
    (path / "systems" / "0-a").mkdir(parents=True)
    (path / "systems" / "0-a" / "samples.jsonl").write_text(text)
    return ResultFolder(path)


def test_a_last_line_without_its_end_is_left_out(tmp_path: Path) -> None:
    folder = folder_with_samples(tmp_path, '{"t": 0}\n{"t": 1}\n{"t": ')
    assert [sample["t"] for sample in folder.samples(folder.systems[0])] == [0, 1]


def test_any_other_broken_line_is_named(tmp_path: Path) -> None:
    folder = folder_with_samples(tmp_path, '{"t": 0}\n{"t": \n{"t": 2}\n')
    with pytest.raises(UserError, match=r"samples\.jsonl:2: not JSON"):
        folder.samples(folder.systems[0])
