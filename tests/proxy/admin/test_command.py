"""`nightshift admin` against the API: what a person reads, and one line when something is wrong."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from nightshift.cli import main
from nightshift.processes import address_of, bind

if TYPE_CHECKING:
    from tests.proxy.admin.conftest import Api, Play

TOKEN = "a-secret-of-the-service"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command with these arguments; return its status and what it printed."""

    def run_it(*arguments: str, token: str = TOKEN) -> tuple[int, str, str]:
        monkeypatch.setenv("NIGHTSHIFT_PEER_TOKEN", token)
        monkeypatch.setattr("sys.argv", ["nightshift", "admin", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run_it


def test_what_it_prints(play: "Play", run: Run, tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    file.write_bytes(b'{"replicas": [{"id": "r-9", "address": "http://10.0.0.1:80"}]}')

    async def scene(api: "Api") -> None:
        async def printed(*arguments: str) -> str:
            status, out, err = await asyncio.to_thread(run, *arguments, "--url", api.url)
            assert (status, err) == (0, ""), arguments
            return out

        state = await printed("state")
        assert "b in eu: 1 waiting, 2 outstanding" in state
        assert [line.split()[:2] for line in state.splitlines() if line.startswith("r")] == [
            ["replica", "state"],
            ["r-1", "up"],
        ]
        assert orjson.loads(await printed("state", "--json"))["replica"]["r-1"]["outstanding"] == 2
        assert await printed("drain", "--grace", "7") == "draining; running requests get 7 s\n"
        assert await printed("drain") == "draining; running requests get 300 s\n"
        assert await printed("reload") == "changed: limits.body_bytes\n"
        assert await printed("targets", str(file)) == "1 replicas, 0 peers\n"
        assert await printed("replica", "drain", "a/b") == "a/b takes nothing new; 2 outstanding\n"
        assert await printed("replica", "undrain", "r-1") == "r-1 takes requests again; 2 outstanding\n"
        assert "peer_token: ***" in await printed("config")
        assert "status: ok" in await printed("health")
        assert "nightshift_requests_in_progress 0.0" in await printed("metrics")
        assert [what for what, _ in api.console.told] == [
            "drain",
            "drain",
            "targets",
            "draining",
            "undraining",
        ]

    play(scene)


def test_a_decision_is_a_block_that_says_why(play: "Play", run: Run) -> None:
    async def scene(api: "Api") -> None:
        _, out, _ = await asyncio.to_thread(run, "decisions", "--last", "1", "--url", api.url)
        assert [line.rstrip() for line in out.splitlines()] == [
            "b-7, 1.5 s ago: forward to r-1",
            "  prefix: it holds the most of the prompt (matched 92%, queued 0.4 ms)",
            "  candidate  state  available  matched  outstanding  pending  report age",
            "  r-0        up           yes      10%            1        -     50.0 ms",
            "> r-1        up           yes      92%            2        0           -",
        ]
        _, why, _ = await asyncio.to_thread(run, "why", "b-7", "--url", api.url)
        assert why == out + "\n" + out  # it was placed twice

    play(scene)


def test_what_is_wrong_is_one_line(play: "Play", run: Run) -> None:
    async def scene(api: "Api") -> None:
        async def complaint(*arguments: str, token: str = TOKEN) -> str:
            status, _, err = await asyncio.to_thread(run, *arguments, "--url", api.url, token=token)
            assert (status, err.count("\n")) == (2, 1)
            return err

        assert "no replica 'nope' here" in await complaint("replica", "drain", "nope")
        assert "NIGHTSHIFT_PEER_TOKEN" in await complaint("state", token="wrong-secret")
        assert "wrong-secret" not in await complaint("state", token="wrong-secret")
        api.console.config_problem = "b.json: seed: must be a number"
        assert "b.json: seed: must be a number" in await complaint("reload")
        assert "nothing is remembered of 'b-8'" in await complaint("why", "b-8")
        assert "cannot read" in await complaint("targets", "/no/such/file")

    play(scene)


def test_nobody_there_and_wrong_addresses_are_said(run: Run) -> None:
    for url, words in (
        ("http://127.0.0.1:1", "is `admin` in the balancer's settings"),
        ("https://x", "expected http://HOST:PORT"),
        ("http://x:y", "--url http://x:y"),
    ):
        status, _, err = run("state", "--url", url)
        assert (status, words in err, err.count("\n")) == (2, True, 1)


@pytest.fixture
def stranger() -> Iterator[str]:
    """Serve one connection with an answer that is not the admin API's."""
    sock = bind("127.0.0.1", 0)

    def answer() -> None:
        connection: socket.socket = sock.accept()[0]
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    yield address_of(sock)
    thread.join()
    sock.close()


def test_another_server_is_said_to_be_one(run: Run, stranger: str) -> None:
    status, _, err = run("state", "--url", stranger)
    assert (status, "is no balancer's admin listener" in err) == (2, True)
