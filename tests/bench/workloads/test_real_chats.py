"""Real data in the forms of four data sets; broken rows are skipped, counted and shown."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from nightshift.bench.workloads import workload
from nightshift.bench.workloads.real_chats import read_chats
from nightshift.errors import UserError

HUB = "owner/name"


def chat(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


ARENA = {
    "judge": "arena_user_7",
    "tstamp": 1682351591.1,
    "conversation_a": chat("Hi", "Hello.", "Why?", "So."),
}
LMSYS = {"conversation_id": "33f0", "conversation": chat("Hi", "x" * 400, "Why?", "So.")}
WILDCHAT = {
    "hashed_ip": "ab12",
    "country": "Singapore",
    "timestamp": "2023-04-09T00:02:53+00:00",
    "conversation": chat("Hi", "Hello.", "Why?", "So."),
}
SHAREGPT = {
    "id": "X_0",
    "conversations": [
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Hello."},
        {"from": "human", "value": "Why?"},
        {"from": "gpt", "value": "So."},
        {"from": "human", "value": "never answered"},
    ],
}


def written(tmp_path: Path, rows: Sequence[object], name: str = "chats.jsonl") -> str:
    path = tmp_path / name
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows))
    return str(path)


@pytest.mark.parametrize("row", [ARENA, LMSYS, WILDCHAT, SHAREGPT])
def test_each_data_set_is_understood(tmp_path: Path, row: object) -> None:
    (one,) = read_chats(written(tmp_path, [row]), hub_name=HUB).conversations
    assert [turn.text for turn in one.turns] == ["Hi", "Why?"]


def test_users_times_and_places_are_kept(tmp_path: Path) -> None:
    arena, lmsys, wild = read_chats(written(tmp_path, [ARENA, LMSYS, WILDCHAT]), hub_name=HUB).conversations
    assert (arena.user, arena.at_s) == ("arena_user_7", 1682351591.1)
    assert lmsys.user == lmsys.id
    assert (wild.user, wild.country, wild.at_s) == ("ab12", "Singapore", 1680998573.0)
    assert lmsys.turns[0].answer_tokens == 100


@pytest.mark.parametrize(
    "stamp", [1680998573, 1680998573000, "2023-04-09T09:02:53+09:00", "2023-04-09 00:02:53"]
)
def test_a_time_in_any_form_is_the_same_moment(tmp_path: Path, stamp: object) -> None:
    (one,) = read_chats(written(tmp_path, [WILDCHAT | {"timestamp": stamp}]), hub_name=HUB).conversations
    assert one.at_s == 1680998573.0


def test_broken_rows_are_skipped_counted_and_shown(tmp_path: Path) -> None:
    rows = [b"{not json", {"conversation": 5}, ARENA, {"judge": "x"}, b"", chat("a list")]
    found = read_chats(written(tmp_path, rows), hub_name=HUB)
    assert len(found.conversations) == 1
    assert [one.where for one in found.broken] == ["line 1", "line 2", "line 4", "line 6"]
    assert "1 of 5 rows; 4 broken rows skipped, the first at line 1: not JSON" in found.text


def test_all_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="all 2 rows are broken; the first at line 1: no field"):
        read_chats(written(tmp_path, [{}, b"["]), hub_name=HUB)


def test_only_single_turns_is_an_error(tmp_path: Path) -> None:
    single = {"conversation": chat("Hi", "Hello.")}
    with pytest.raises(UserError, match="none of 2 conversations has more than one turn"):
        read_chats(written(tmp_path, [single, single]), hub_name=HUB)


@pytest.mark.parametrize(("name", "message"), [("none.jsonl", "no such file"), ("x.txt", "not a .jsonl, ")])
def test_no_file_says_so(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_chats(str(tmp_path / name), hub_name=HUB)


def test_parquet_is_read_too(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "chats.parquet"
    pq.write_table(pa.Table.from_pylist([ARENA, ARENA | {"judge": "other"}]), path)
    found = read_chats(str(path), hub_name=HUB).conversations
    assert [one.user for one in found] == ["arena_user_7", "other"]


def test_a_file_that_is_no_parquet_says_so(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(UserError, match="not a Parquet file"):
        read_chats(written(tmp_path, [ARENA], "chats.parquet"), hub_name=HUB)


def test_a_slice_beyond_the_end_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, [WILDCHAT] * 3)
    with pytest.raises(UserError, match="no rows after the first 100,000; lower --start-index"):
        workload("wildchat", {"data_path": path, "start_index": 1}).users("us-east-2")


def test_the_original_s_regions_share_no_user(tmp_path: Path) -> None:
    path = written(tmp_path, [ARENA | {"judge": f"u{n % 40}"} for n in range(120)])
    seen = []
    for region in ("us-east-2", "ap-northeast-1", "eu-central-1"):
        users = workload("arena_syn", {"data_path": path, "num_users": 2}).users(region)
        seen.append({next(programs).hash_key for programs in users})
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_shares_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, [ARENA | {"judge": f"u{n}"} for n in range(10)])
    halves = [
        workload("arena_syn", {"data_path": path, "num_users": 5, "share": share}).users("r")
        for share in ("0/2", "1/2")
    ]
    seen = [next(programs).hash_key for half in halves for programs in half]
    assert sorted(seen) == [f"u{n}" for n in range(10)]
    with pytest.raises(UserError, match="--share 2/2: shares count from 0"):
        workload("arena_syn", {"data_path": path, "share": "2/2"}).users("r")


def test_arena_needs_time_stamps(tmp_path: Path) -> None:
    path = written(tmp_path, [LMSYS] * 9)
    with pytest.raises(UserError, match="no time stamp in tstamp or timestamp"):
        workload("arena", {"data_path": path}).users("us-east-2")


def test_data_says_what_was_used(tmp_path: Path) -> None:
    path = written(tmp_path, [ARENA] * 3)
    assert workload("arena_syn", {"data_path": path}).data == f"real: file {path}, 3 of 3 rows"
    assert workload("arena_syn", {}).data.startswith("synthetic: 1,000 conversations")


def test_an_empty_file_and_too_few_users_say_what_real_data_needs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is empty; give a file of conversations"):
        read_chats(written(tmp_path, []), hub_name=HUB)
    path = written(tmp_path, [ARENA, ARENA | {"judge": "arena_user_8"}])
    for name in ("arena", "arena_syn", "arena_1m"):
        load = workload(name, {"data_path": path, "num_users": 3, "share": "0/1"})
        with pytest.raises(
            UserError, match="too few for --num-users 3; give a larger --share or --num-conv, data"
        ):
            load.users("us-east-2")
