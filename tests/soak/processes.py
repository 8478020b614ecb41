"""Real processes for tests: a balancer, engines, a WAN; started, looked at from outside, ended by their own
id.
"""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson

TOKEN = "a-secret-of-these-tests"
"""What the balancers here share, and what opens their state."""
READY_S = 60.0
ENDS_S = 10.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Process:
    """One child. It has said that it serves when the constructor returns."""

    def __init__(self, name: str, argv: tuple[str, ...], folder: Path, **environment: str) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=log, env=os.environ | environment
            )
        self.ready = self._until_ready()

    @property
    def address(self) -> str:
        """Host and port, as it has told them."""
        return str(self.ready["address"])

    @property
    def pid(self) -> int:
        """Its id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    @property
    def fds(self) -> int:
        """Open files and sockets."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def cpu_s(self) -> float:
        """CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_bytes(self) -> int:
        """Resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES

    def log_lines(self) -> list[str]:
        """What it wrote to standard error."""
        return self.log.read_text(errors="replace").splitlines()

    def tell(self, sig: signal.Signals) -> None:
        """Send it a signal that does not end it."""
        self._child.send_signal(sig)

    def kill(self) -> None:
        """End it as the kernel would: without a word."""
        self.end(signal.SIGKILL)

    def end(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and wait for the end. Return the exit status."""
        if self.running:
            self._child.send_signal(sig)
        try:
            status = self._child.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            status = self._child.wait(ENDS_S)
        if self._child.stdout is not None:
            self._child.stdout.close()
        return status

    def _until_ready(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            line = self._child.stdout.readline() if selector.select(READY_S) else b""
        if not line:
            status = self.end(signal.SIGKILL)
            last = " | ".join(self.log_lines()[-5:])
            raise RuntimeError(f"{self.name} did not start (status {status}); its log ends with: {last}")
        ready: dict[str, Any] = orjson.loads(line)
        return ready


def _nightshift(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "nightshift", *arguments, "--with-parent")


def start_balancer(folder: Path, settings: Mapping[str, Any], **environment: str) -> Process:
    """Run `nightshift balancer` with these settings; the port is any free one unless they name it."""
    name = str(settings["name"])
    file = folder / f"{name}.json"
    file.write_bytes(orjson.dumps({"port": 0, "peer_token": TOKEN, **settings}))
    return Process(name, _nightshift("balancer", "--config", str(file)), folder, **environment)


def state_of(address: str) -> dict[str, Any]:
    """Return what a balancer knows."""
    url = f"http://{address}/nightshift/state"
    asked = Request(url, headers={"x-nightshift-peer-token": TOKEN})
    with urlopen(asked, timeout=10) as page:  # noqa: S310
        state: dict[str, Any] = orjson.loads(page.read())
    return state


def start_engine(folder: Path, name: str, *, port: int = 0, speed: float = 50.0) -> Process:
    """Run `nightshift engine`, the emulated one."""
    arguments = ("--port", str(port), "--speed", str(speed), "--replica-id", name)
    return Process(name, _nightshift("engine", *arguments), folder)


def start_faulty_engine(folder: Path, name: str, *arguments: str, port: int = 0) -> Process:
    """Run the engine that fails; its journal is `NAME.journal` in the folder."""
    journal = folder / f"{name}.journal"
    own = ("--name", name, "--port", str(port), "--journal", str(journal))
    return Process(name, (sys.executable, "-m", "tests.soak.faulty_engine", *own, *arguments), folder)


def start_wan(folder: Path, spec: Mapping[str, Any]) -> Process:
    """Run `nightshift wan`."""
    file = folder / "wan.json"
    file.write_bytes(orjson.dumps(spec))
    argv = (sys.executable, "-m", "nightshift.wan", "run", str(file), "--with-parent")
    return Process("wan", argv, folder)
