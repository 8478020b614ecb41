"""The real engine as a child process. Counts and cached tokens, never times."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from nightshift.backends.adapters import adapter_named, read_models
from nightshift.processes import reserve

pytestmark = [pytest.mark.real_engine, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "nightshift.backends.llama_cpp", "--slots", "2", "--ctx", "2048"]
STORY = "Once upon a time there was a lighthouse keeper who counted ships. " * 8


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [*COMMAND, "--alias", "tiny", "--with-parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as engine:
        assert engine.stdout is not None
        ready = json.loads(engine.stdout.readline())
        assert (ready["event"], ready["model"]) == ("ready", "tiny")
        yield ready["address"]
        engine.terminate()
        assert engine.wait(60) == 0


def get(address: str, path: str) -> bytes:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=120) as response:
        body: bytes = response.read()
        return body


def ask(address: str, messages: list[dict[str, str]], **more: object) -> Any:
    asked: dict[str, object] = {"model": "tiny", "messages": messages, "max_tokens": 8, "temperature": 0}
    body = json.dumps(asked | more)
    request = urllib.request.Request(
        f"http://{address}/v1/chat/completions", body.encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=250) as response:  # noqa: S310 - our own address
        return json.load(response)


def test_is_healthy_as_soon_as_it_says_ready(address: str) -> None:
    assert json.loads(get(address, "/health")) == {"status": "ok"}
    assert [model["id"] for model in json.loads(get(address, "/v1/models"))["data"]] == ["tiny"]


def test_takes_any_model_name(address: str) -> None:
    """So a balancer does not hold its list of models against a request."""
    assert ask(address, [{"role": "user", "content": "Hi."}], model="no-such", max_tokens=1)["choices"]
    assert read_models(get(address, "/v1/models")) is None


def test_second_turn_finds_its_prefix_cached(address: str) -> None:
    turns = [{"role": "user", "content": STORY}]
    first = ask(address, turns)
    said = first["choices"][0]["message"]["content"]
    assert said
    assert first["usage"]["completion_tokens"] <= 8
    turns += [{"role": "assistant", "content": said}, {"role": "user", "content": "And then?"}]
    second = ask(address, turns)
    cached = second["usage"]["prompt_tokens_details"]["cached_tokens"]
    assert cached >= 0.8 * first["usage"]["prompt_tokens"]


def test_reports_its_load(address: str) -> None:
    report = adapter_named("auto").read(get(address, "/metrics"))
    assert (report.pending, report.running) == (0, 0)


def test_client_that_goes_away_frees_its_slot(address: str) -> None:
    host, _, port = address.rpartition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=120)
    body = {"messages": [{"role": "user", "content": "Count."}], "max_tokens": 900, "stream": True}
    client.request(
        "POST",
        "/v1/chat/completions",
        json.dumps({**body, "ignore_eos": True}),
        {"content-type": "application/json"},
    )
    stream = client.getresponse()
    assert stream.readline().startswith(b"data:")
    assert any(slot["is_processing"] for slot in json.loads(get(address, "/slots")))
    stream.close()
    client.close()
    while any(slot["is_processing"] for slot in json.loads(get(address, "/slots"))):
        pass  # until the time limit of the test
    tokens = b"llamacpp:tokens_predicted_total "
    (line,) = [line for line in get(address, "/metrics").splitlines() if line.startswith(tokens)]
    assert float(line[len(tokens) :]) < 900, "it went on to the end for nobody"


def test_ends_at_once_even_in_the_middle_of_a_stream() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as engine:
        assert engine.stdout is not None
        host, _, port = json.loads(engine.stdout.readline())["address"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=120) as client:
            body = json.dumps({"prompt": "a", "n_predict": 900, "stream": True, "ignore_eos": True})
            client.sendall(
                f"POST /completion HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            assert client.recv(9) == b"HTTP/1.1 "
            engine.send_signal(signal.SIGTERM)
            # llama.cpp's own way down takes up to 30 s while a client is connected.
            assert engine.wait(20) == 0


def test_port_in_use_and_missing_file_are_one_line() -> None:
    with reserve("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        in_use = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert (in_use.returncode, in_use.stdout) == (2, "")
    assert f"nightshift: cannot listen on 127.0.0.1:{port}" in in_use.stderr
    missing = subprocess.run(
        [*COMMAND, "--model-path", "/no.gguf"], capture_output=True, text=True, check=False
    )
    assert missing.returncode == 2
    assert missing.stderr == "nightshift: no model file /no.gguf; give the path of a GGUF file\n"
