"""The command as its user sees it."""

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.backends.doctor.conftest import NOW

from nightshift.backends.doctor import screen
from nightshift.backends.doctor.asking import EngineError
from nightshift.backends.doctor.checks import Check, Findings, State
from nightshift.backends.doctor.examine import examine
from nightshift.errors import UserError
from nightshift.processes import address_of, bind

DOCTOR = [sys.executable, "-m", "nightshift", "doctor"]
LLAMA = [
    sys.executable,
    "-m",
    "nightshift.backends.llama_cpp",
    "--slots",
    "2",
    "--ctx",
    "2048",
    "--with-parent",
]


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DOCTOR, *arguments], capture_output=True, text=True, check=False, timeout=200)


def fails(url: str, **options: object) -> str:
    with pytest.raises((EngineError, UserError)) as error:
        asyncio.run(examine(url, utc_now=lambda: NOW, **options))  # type: ignore[arg-type]
    return str(error.value)


@pytest.fixture
def answering() -> Iterator[list[bytes]]:
    """A server that answers whatever is put second in the list, and closes. First is its address."""
    script: list[bytes] = []
    sock = bind("127.0.0.1", 0)
    script.append(address_of(sock).encode())

    def serve() -> None:
        while True:
            try:
                client, _ = sock.accept()
            except OSError:
                return
            with client:
                client.recv(4096)
                client.sendall(script[1])

    thread = threading.Thread(target=serve)
    thread.start()
    yield script
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()
    thread.join()


def test_nobody_is_there_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = address_of(free)
    answer = doctor(address)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"nightshift: cannot connect to {address}: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"]
)
def test_something_that_speaks_no_http(answering: list[bytes], said: bytes) -> None:
    answering.append(said)
    assert "does not answer in HTTP" in fails(answering[0].decode())


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "--timeout" in fails(address_of(silent), timeout_s=0.2)


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def main() -> None:
        async def served(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=context)
        async with server:
            url = f"https://{address_of(server.sockets[0])}"
            with pytest.raises(EngineError, match=r"not trusted.*--ca-file"):
                await examine(url, utc_now=lambda: NOW)
            with pytest.raises(EngineError, match="wants a key"):
                await examine(url, utc_now=lambda: NOW, ca_file=tmp_path / "ca.pem")

    asyncio.run(main())
    assert "--ca-file" in fails("https://127.0.0.1:1", ca_file=tmp_path / "none.pem")


def test_tls_to_a_plain_server(answering: list[bytes]) -> None:
    answering.append(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert "speaks no TLS" in fails(f"https://{answering[0].decode()}")


def test_the_table_shows_what_an_engine_says_as_it_is() -> None:
    from rich.console import Console

    check = Check("models", State.WARN, "[red]x[/red] [link=http://e]", "do [bold]")
    console = Console(width=100, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        screen.show(Findings("http://h", None, "[i]v", (check,)), console)
    assert "[red]x[/red] [link=http://e]" in captured.get()
    assert "an engine that Nightshift does not know, [i]v" in captured.get()


@pytest.mark.real_engine
@pytest.mark.timeout(300)
@pytest.mark.parametrize("metrics", [True, False])
def test_the_real_llama_cpp(metrics: bool) -> None:
    command = [*LLAMA, "--with-parent", "--metrics" if metrics else "--no-metrics"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as engine:
        assert engine.stdout is not None
        address = json.loads(engine.stdout.readline())["address"]
        answer = doctor(address, "--json", "--probe")
        engine.terminate()
    findings = json.loads(answer.stdout)
    checks = {check["name"]: check for check in findings["checks"]}
    assert (findings["engine"], findings["ok"]) == ("llama.cpp", metrics)
    assert answer.returncode == (0 if metrics else 1)
    assert checks["models"]["found"] == "SmolLM2-135M-Instruct (takes any name)"
    assert checks["stream"]["state"] == checks["cached tokens"]["state"] == "ok"
    if metrics:
        assert checks["running requests"]["found"] == "llamacpp:requests_processing 0"
        assert checks["cancel"]["state"] == "ok"
    else:
        assert checks["metrics"]["state"] == "missing"
        assert checks["metrics"]["advice"] == "start llama-server with --metrics"
