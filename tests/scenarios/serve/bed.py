"""A service as its user has it: the command `nightshift serve`, a state folder, real processes.

Everything that is started here has the state folder in its environment; `processes` finds it by that.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import orjson
import yaml

from nightshift.control.controller.places import Places
from nightshift.control.processid import ProcessId
from nightshift.control.serve.contact import Controller, find
from nightshift.control.serve.pausing import pause
from nightshift.errors import NightshiftError
from nightshift.wan.client import ControlClient

HERE, THERE = "us-east-2", "ap-northeast-1"
PATIENCE_S = 60.0
"""For what takes a second or two on a machine with nothing else to do."""
_POLL_S = 0.05
_CHANGE = re.compile(r"loop: (?P<unit>\S+): (?P<now>[A-Z_]+) \(was (?P<was>[A-Z_]+)\)")
_PROGRAMS = {
    "engine": " -m nightshift.backends.emulated ",
    "balancer": " -m nightshift balancer ",
    "wan": " -m nightshift.wan ",
    "controller": " -m nightshift.control.controller.main ",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """A unit came into another state, by the controller's log."""

    unit: str
    was: str
    now: str


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in socks]


def until(found: Callable[[], T | None], what: str | Callable[[], str], patience_s: float = PATIENCE_S) -> T:
    """Wait until there is something; return it."""
    end = monotonic() + patience_s
    while True:
        value = found()
        if value:
            return value
        if monotonic() > end:
            raise AssertionError(f"not within {patience_s:g} s: {what if isinstance(what, str) else what()}")
        pause(_POLL_S)


class Bed:
    """See the head of the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = Places(folder / "nightshift" / "controller")
        self.environ = {**os.environ, "XDG_STATE_HOME": str(folder), "COLUMNS": "200"}

    # The command

    def cli(
        self, *arguments: str, status: int | None = 0, folder: Path | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `nightshift serve ...` to its end, and check with which status."""
        done = subprocess.run(
            self._argv(arguments),
            env=self.environ | environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        said = f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log()[-3000:]}"
        assert status is None or done.returncode == status, said
        assert "Traceback" not in done.stderr, said
        return done

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin `nightshift serve ...`."""
        return subprocess.Popen(
            self._argv(arguments),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def _argv(arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "nightshift", "serve", *arguments]

    # Service files

    def file(
        self, ports: Mapping[str, int], *, replicas: int = 1, name: str = "demo", **service: object
    ) -> Path:
        """Write the file of a service with a balancer in each region, and short times."""
        section: dict[str, object] = {
            "engine": "emulated",
            "speed": 50,
            "replicas": replicas,
            "drain_seconds": 5,
            "readiness_probe": {
                "path": "/v1/models",
                "initial_delay_seconds": 60,
                "timeout_seconds": 1,
                "endpoint_probe_interval_seconds": 0.5,
                "consecutive_failure_threshold_timeout": 1.5,
            },
            "external_load_balancers": [
                {"resources": {"region": region}, "port": port} for region, port in ports.items()
            ],
        }
        resources = {"ordered": [{"region": region} for region in ports]}
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"name": name, "resources": resources, "service": section | service}))
        return path

    # Looking

    def controller(self) -> Controller:
        """Return the controller that runs."""
        return until(lambda: find(self.places), "a controller")

    def view(self, name: str = "demo") -> dict[str, Any]:
        """Return what the controller says of a service."""
        return self.controller().services(name)[0]

    def view_by_command(self, name: str = "demo") -> dict[str, Any]:
        """Return what `status` says of a service; it starts a controller if there is none."""
        views: list[dict[str, Any]] = orjson.loads(self.cli("status", name, "--json").stdout)
        return views[0]

    def until(self, holds: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait until a service is as it shall be."""

        def found() -> dict[str, Any] | None:
            try:
                view = self.view()
            except NightshiftError:  # a controller that dies just now
                return None
            return view if holds(view) else None

        return until(found, what)

    def record(self, unit: str, service: str = "demo") -> dict[str, Any]:
        """Return what is written down of a unit."""
        path = self.places.units / service / "units" / unit / "unit.json"
        if unit == "relay":
            path = self.places.units / service / "wan" / "relay" / "unit.json"
        record: dict[str, Any] = orjson.loads(path.read_bytes())
        return record

    def process(self, unit: str, service: str = "demo") -> ProcessId:
        """Return the process of a unit."""
        return ProcessId(**self.record(unit, service)["process"])

    def wan(self) -> ControlClient:
        """Return the control of the WAN's relay."""
        return ControlClient(str(self.record("relay")["address"]))

    def log(self) -> str:
        """Return what the controllers of this folder have written."""
        return self.places.log.read_text(errors="replace") if self.places.log.exists() else ""

    def changes(self) -> list[Change]:
        """Return in which order units came into which states, from the log."""
        return [Change(m["unit"], m["was"], m["now"]) for m in _CHANGE.finditer(self.log())]

    # Breaking

    def tell(self, process: ProcessId, sig: signal.Signals) -> None:
        """Send a signal to a process that was begun here."""
        handle = os.pidfd_open(process.pid)
        try:
            assert process.is_running
            signal.pidfd_send_signal(handle, sig)
        finally:
            os.close(handle)

    def kill(self, unit: str) -> None:
        """End a unit as the kernel would."""
        process = self.process(unit)
        self.tell(process, signal.SIGKILL)
        until(lambda: not process.is_running, f"{unit} is dead")

    def kill_controller(self) -> None:
        """End the controller as the kernel would, if one runs."""
        try:
            pid = int(orjson.loads(self.places.contact.read_bytes())["pid"])
        except FileNotFoundError:
            return
        process = ProcessId.of(pid)
        if process is not None and pid in dict(self.processes()):
            self.tell(process, signal.SIGKILL)
            until(lambda: not process.is_running, "the controller is dead")

    # The end

    def processes(self) -> Iterator[tuple[int, str]]:
        """Yield id and command line of everything that was started for this state folder."""
        mine = str(self.folder).encode()
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                command = Path(f"/proc/{name}/cmdline").read_bytes()
                environ = Path(f"/proc/{name}/environ").read_bytes()
            except OSError:  # gone, or of another user
                continue
            if (mine in command or mine in environ) and int(name) != os.getpid():
                yield int(name), command.replace(b"\0", b" ").decode(errors="replace")

    def programs(self) -> Counter[str]:
        """Count what runs, by what it is: `engine`, `balancer`, `wan`, `controller`."""
        return Counter(
            next((kind for kind, sign in _PROGRAMS.items() if sign in command), command)
            for _, command in self.processes()
        )

    def end(self) -> list[str]:
        """End everything in good order; return what was still there after that, and kill it."""
        if self.places.root.exists():
            self.cli("down", "-a", "-y", status=None)
        end = monotonic() + 15
        while (left := list(self.processes())) and monotonic() < end:
            pause(_POLL_S)
        for pid, _ in left:
            process = ProcessId.of(pid)
            if process is not None:
                process.end(0)
        return [command for _, command in left]
