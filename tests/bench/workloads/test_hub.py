"""The library `datasets` itself reads a stand-in of the hub, along the path that real data takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .hub import Hub, environment, hub

pytest.importorskip("datasets", reason="the extra `data` is not installed")
pytest.importorskip("pyarrow")

ASK = """
import json, sys
from nightshift.bench.workloads import workload
from nightshift.errors import UserError
found = []
for name, arguments in json.loads(sys.argv[1]):
    try:
        load = workload(name, arguments)
        users = load.users("us-east-2")
        call = next(users[0]).first()[0]
        found.append([load.data, len(users), call.messages[0]["content"], call.max_tokens])
    except UserError as error:
        found.append(str(error))
print(json.dumps(found))
"""


def ask(server: Hub | None, home: Path, asked: list[object], token: str | None, **more: str) -> list[object]:
    """Ask in a process of its own: the library reads its settings once, when it is imported."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    url = "https://huggingface.co" if server is None else server.url
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(asked)],
        env={**kept, **environment(url, str(home), token, **more)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_each_workload_s_own_data_set_with_the_token(tmp_path: Path) -> None:
    kinds = ["arena_syn", "arena", "arena_1m", "wildchat", "diurnal"]
    asked: list[object] = [
        [kind, {"data_path": "hf", "num_users": 2, "share": "0/1", "ignore_eos": True}] for kind in kinds
    ]
    with hub() as server:
        found = ask(server, tmp_path, asked, "hf_secret\n")
        assert {token for _, token in server.tokens} == {"Bearer hf_secret"}
    names = {
        "arena_syn": "lmsys/chatbot_arena_conversations",
        "arena": "lmsys/chatbot_arena_conversations",
        "arena_1m": "lmsys/lmsys-chat-1m",
        "wildchat": "allenai/WildChat-1M",
        "diurnal": "allenai/WildChat-1M",
    }
    for kind, one in zip(kinds, found, strict=True):
        assert isinstance(one, list), one
        data, users, text, tokens = one
        assert data == f"real: Hugging Face {names[kind]}, 240 of 240 rows"
        assert users == 2
        assert text.startswith("Hello, number ")
        assert tokens == 20


def test_refusals_say_what_mends_them(tmp_path: Path) -> None:
    names = ["me/gated", "me/revoked", "me/broken", "me/nothing"]
    asked: list[object] = [["arena_syn", {"data_path": f"hf:{name}"}] for name in names]
    with hub() as server:
        gated, revoked, broken, nothing = map(str, ask(server, tmp_path, asked, "hf_secret"))
        (without,) = map(str, ask(server, tmp_path, asked[:1], None))
    for text in (gated, revoked):
        assert "the hub does not let you read me/" in text
        assert "accept its terms on https://huggingface.co/datasets/me/" in text
        assert "with the account of HF_TOKEN" in text
    assert "cannot read me/broken" in broken
    assert "the hub has no me/nothing that you may see" in nothing
    assert "set HF_TOKEN to a token of that account" in without
    for text in (gated, revoked, broken, nothing, without):
        assert "or give a JSONL or Parquet file" in text
        assert "hf_secret" not in text
        assert "\n" not in text


def test_offline_names_the_ways_out(tmp_path: Path) -> None:
    asked: list[object] = [["wildchat", {"data_path": "hf"}]]
    (text,) = map(str, ask(None, tmp_path, asked, "hf_secret", HF_HUB_OFFLINE="1"))
    assert "https://huggingface.co cannot be reached to read allenai/WildChat-1M" in text
    assert "unset HF_HUB_OFFLINE, set HF_ENDPOINT to a mirror, or download the set elsewhere" in text
