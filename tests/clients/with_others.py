"""Clients that need more than the tests of every day: Node's official one, litellm, LangChain, and curl.

`make test-clients` installs them and runs this file. Each client is a program of its own in
`others/`: it goes through the same scenarios and prints what they came to. What differs from client to
client is only the name of an exception.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.clients.scripted import ScriptedEngine
from tests.clients.test_openai_python import DROPPED_S
from tests.soak.asking import MODEL, Question

HERE = Path(__file__).parent / "others"
PYTHON = os.environ.get("CLIENTS_PYTHON", ".venv-clients/bin/python")
"""An interpreter that has litellm and langchain-openai."""
NODE_FOLDER = Path(os.environ.get("CLIENTS_NODE", ".venv-clients/node"))
"""Where `npm install openai` was done."""
NAMES = {400: "Request", 401: "Auth", 404: "NotFound", 413: "", 429: "RateLimit", 503: ""}
"""What the name of the exception for each status has in it, in every client that has a name for it."""
CLIENTS = ["openai_node.mjs", "litellm_client.py", "langchain_client.py"]
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HF_HUB_OFFLINE": "1", "LANGSMITH_TRACING": "false"}
"""Else litellm fetches a price list at import, and looks for a tokenizer of the model's name."""
_ARGUMENTS = ("--silent", "--show-error", "--max-time", "10")


def command(client: str) -> tuple[str, ...]:
    """Return how to run a client."""
    if client.endswith(".py"):
        return (PYTHON, str(HERE / client))
    shutil.copy(HERE / client, NODE_FOLDER / client)  # Node looks for packages beside the file
    return ("node", str(NODE_FOLDER / client))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client(client: str, emulated: str, scripted: str, engine: ScriptedEngine) -> None:
    question = Question(client)
    bases = (f"http://{emulated}/v1", f"http://{scripted}/v1")
    done = subprocess.run(
        (*command(client), *bases, question.content, MODEL),
        capture_output=True,
        timeout=90,
        check=False,
        env=os.environ | OFFLINE,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    assert found["whole"] == found["stream"] == question.answer
    assert orjson.loads(found["tools"]) == {"city": "Ōsaka"}
    assert found["json"] == {"city": "Ōsaka", "degrees": 21}
    for status, name in NAMES.items():
        assert found[f"error_{status}"][1] == status
        assert name in found[f"error_{status}"][0]
    assert "Error" in found["cut"][0], "a stream that was cut off is no success"
    assert "Timeout" in found["timeout"]
    hung = [seen for seen in _all(engine) if b"say=hang" in seen.body or b"say=silence" in seen.body]
    assert len(hung) == 2
    assert all(seen.dropped.wait(DROPPED_S) for seen in hung), "the engine was told that the client had left"


def _all(engine: ScriptedEngine) -> list[Any]:
    return [engine.seen.get_nowait() for _ in range(engine.seen.qsize())]


def curl(*arguments: str) -> bytes:
    return subprocess.run(
        ("curl", *_ARGUMENTS, *arguments), capture_output=True, timeout=20, check=False
    ).stdout


def test_curl_whole_and_streamed(emulated: str) -> None:
    url = f"http://{emulated}/v1/chat/completions"
    for stream in (False, True):
        question = Question(f"curl{stream}", stream=stream)
        said = curl("--json", question.body().decode(), "--include", "--no-buffer", url)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"x-nightshift-replica: emulated-0" in said
        assert (b"data: [DONE]" in said) == stream


def test_curl_waits_for_100_continue_before_a_large_body(scripted: str, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % (b"x" * 900_000))
    url = f"http://{scripted}/v1/chat/completions"
    said = curl("--json", f"@{body}", "--header", "Expect: 100-continue", "--include", url)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_curl_uploads_in_chunks_and_over_http_1_0(scripted: str) -> None:
    url = f"http://{scripted}/v1/embeddings"
    data = ("--data-binary", '{"model":"m","input":"x"}', "--include", url)
    assert curl("--header", "Transfer-Encoding: chunked", *data).startswith(b"HTTP/1.1 200 ")
    said = curl("--http1.0", *data)
    assert b" 200 " in said.partition(b"\r\n")[0]
    assert b"chunked" not in said


def test_curl_sees_a_cut_answer_as_an_error(scripted: str) -> None:
    url = f"http://{scripted}/v1/chat/completions"
    body = '{"model":"m","messages":[{"role":"user","content":"say=cut_stream"}],"stream":true}'
    done = subprocess.run(
        ("curl", *_ARGUMENTS, "--no-buffer", "--json", body, url), capture_output=True, check=False
    )
    assert done.returncode == 18, "CURLE_PARTIAL_FILE"
    assert b"upstream_lost" in done.stdout
