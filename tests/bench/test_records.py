"""Records survive the file; a writer that was stopped spoils nothing; a broken line is named."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.records import RequestRecord, read_records, write_record
from nightshift.errors import UserError

TIMES = st.floats(0, 1e6)
RECORDS = st.builds(
    RequestRecord,
    uid=st.text(),
    region=st.text(),
    user=st.integers(0, 1000),
    turn=st.integers(0, 50),
    program_id=st.text(),
    hash_key=st.text(),
    start=TIMES,
    end=TIMES,
    prompt_bytes=st.integers(0, 100_000),
    ttft=st.none() | TIMES,
    failed=st.none() | st.text(),
    unfinished=st.booleans(),
    cached_tokens=st.none() | st.integers(0, 1000),
    scheduled=st.none() | TIMES,
    itl_s=st.none() | st.lists(TIMES, max_size=4),
    hops=st.none() | st.integers(0, 1),
    headers=st.dictionaries(st.text(), st.text()),
)


def record(uid: str) -> RequestRecord:
    return RequestRecord(
        uid=uid,
        region="r",
        user=0,
        turn=0,
        program_id="p",
        hash_key="k",
        start=1.0,
        end=2.0,
        prompt_bytes=40,
    )


@given(records=st.lists(RECORDS, max_size=5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[RequestRecord]
) -> None:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    with path.open("wb") as file:
        for one in records:
            write_record(file, one)
    assert read_records(path) == records


def test_each_record_is_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with path.open("wb") as file:
        write_record(file, record("a"))
        assert [one.uid for one in read_records(path)] == ["a"]


def test_a_last_line_without_its_end_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with path.open("wb") as file:
        write_record(file, record("a"))
        write_record(file, record("b"))
    path.write_bytes(path.read_bytes()[:-20])
    assert [one.uid for one in read_records(path)] == ["a"]


@pytest.mark.parametrize("line", [b"not json\n", b'{"uid": "x"}\n', b"[1]\n"])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "records.jsonl"
    with path.open("wb") as file:
        write_record(file, record("a"))
        file.write(line)
    with pytest.raises(UserError, match=r"records\.jsonl:2: not a request record"):
        read_records(path)


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with path.open("wb") as file:
        write_record(file, record("a"))
    path.write_bytes(path.read_bytes().replace(b'{"uid"', b'{"mood":"good","uid"'))
    assert read_records(path) == [record("a")]


def test_finished_is_neither_failed_nor_cut_off() -> None:
    assert record("a").finished
    assert not replace(record("a"), failed="HTTP 500").finished
    assert not replace(record("a"), unfinished=True).finished
