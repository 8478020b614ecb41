"""A stand-in of the Hugging Face hub: what `datasets` asks to stream a data set, with the real columns.

A data set is one Parquet file. What goes wrong goes by the data set's name: `gated` (terms not accepted),
`revoked` (its file is refused), `broken` (its file cannot be had); any other name is not there.
"""

import io
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.bench.served import served

SHA = "a" * 40
FILE = "data/train-00000-of-00001.parquet"
TURNS = (
    ("user", "Hello, number {}"),
    ("assistant", "Hi. " * 20),
    ("user", "And?"),
    ("assistant", "So. " * 10),
)


def said(number: int, **more: object) -> list[dict[str, object]]:
    return [{"content": text.format(number), "role": role, **more} for role, text in TURNS]


def arena(number: int) -> dict[str, object]:
    return {
        "question_id": f"{number:032x}", "model_a": "chatglm-6b", "model_b": "koala-13b", "winner": "model_b",
        "judge": f"arena_user_{number % 20}", "conversation_a": said(number), "conversation_b": said(number),
        "turn": 2, "anony": True, "language": "English", "tstamp": 1682351591.1322 + number,
        "openai_moderation": {"categories": {"hate": False}, "flagged": False},
        "toxic_chat_tag": {"roberta-large": {"flagged": False, "probability": 0.01}},
    }  # fmt: skip


def lmsys(number: int) -> dict[str, object]:
    return {
        "conversation_id": f"{number:032x}", "model": "wizardlm-13b", "conversation": said(number), "turn": 2,
        "language": "English", "redacted": False,
        "openai_moderation": [{"categories": {"hate": False}, "flagged": False}],
    }  # fmt: skip


def wildchat(number: int) -> dict[str, object]:
    place = {"country": ("United States", "Japan", "Germany")[number % 3], "hashed_ip": f"{number % 30:064x}"}
    when = datetime(2023, 4, 9, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "conversation_hash": f"{number:032x}", "model": "gpt-3.5-turbo-0301", "timestamp": when,
        "conversation": said(number, language="English", toxic=False, turn_identifier=1, **place),
        "turn": 2, "language": "English", "toxic": False, "redacted": False, "state": "Texas", **place,
        "openai_moderation": [{"flagged": False}], "detoxify_moderation": [{"toxicity": 0.01}],
        "header": {"accept-language": "en-US", "user-agent": "Mozilla/5.0"},
    }  # fmt: skip


ROWS = {
    "lmsys/chatbot_arena_conversations": arena,
    "lmsys/lmsys-chat-1m": lmsys,
    "allenai/WildChat-1M": wildchat,
    "me/revoked": arena,
    "me/broken": arena,
}


def parquet(name: str, count: int = 240) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([ROWS[name](at) for at in range(count)]), out, row_group_size=100)
    return out.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Hub"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def answer(self, code: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        asked = re.match(r"/(?:api/)?datasets/([^/]+/[^/?]+)(?:/([^?]*))?", self.path)
        if asked is None:
            return self.answer(404, b"{}")
        name, rest = asked[1], asked[2] or ""
        self.server.tokens.add((name, self.headers.get("authorization")))
        if name == "me/gated":
            refused = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to it is restricted."}
            return self.answer(403 if self.headers.get("authorization") else 401, b"{}", refused)
        if name not in ROWS:
            return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if not self.path.startswith("/api/"):
            return self.file(name, rest)
        entry = {"type": "file", "oid": "b" * 40, "size": len(self.server.files[name]), "path": FILE}
        info = {
            "id": name,
            "sha": SHA,
            "private": False,
            "gated": "auto",
            "tags": [],
            "siblings": [{"rfilename": FILE}],
        }
        folder = {"type": "directory", "oid": "c" * 40, "size": 0, "path": "data"}
        listed = [entry] if rest.endswith("/data") else [folder]
        return self.answer(200, json.dumps(listed if rest.startswith("tree/") else info).encode())

    do_HEAD = do_GET  # noqa: N815 - their names there

    def file(self, name: str, rest: str) -> None:
        if not rest.endswith(FILE):
            return self.answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        if name == "me/revoked":
            return self.answer(403, b"{}")
        if name == "me/broken":
            return self.answer(410, b"{}")
        whole = self.server.files[name]
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "")
        if wanted is None:
            return self.answer(200, whole, {"ETag": '"1"', "X-Repo-Commit": SHA})
        first, last = int(wanted[1]), min(int(wanted[2] or len(whole)), len(whole) - 1)
        ranged = {"Content-Range": f"bytes {first}-{last}/{len(whole)}", "ETag": '"1"', "X-Repo-Commit": SHA}
        return self.answer(206, whole[first : last + 1], ranged)


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {name: parquet(name) for name in ROWS}
        self.tokens: set[tuple[str, str | None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def hub() -> AbstractContextManager[Hub]:
    return served(Hub())


def environment(url: str, home: str, token: str | None, **more: str) -> dict[str, Any]:
    """Variables of a process that asks this hub and no other."""
    return {"HF_ENDPOINT": url, "HF_HOME": home, **({} if token is None else {"HF_TOKEN": token}), **more}
