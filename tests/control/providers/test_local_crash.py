"""A controller that is killed while it launches leaves nothing, or a unit that the next one knows.

The controller is a real process that kills itself (SIGKILL) at a line of the provider, counted from the start
of `launch`, so that every run of a test hits the same points.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.control.providers.contract import clear, until
from tests.control.providers.test_local import processes_below

from nightshift.control.providers.base import Kind, Order, Phase, ProviderError, Routing, Unit
from nightshift.control.providers.local import LocalProvider, launch

_CONTROLLER = """
import asyncio, os, signal, sys
from pathlib import Path
from nightshift.control.providers.base import Kind, Order, Routing
from nightshift.control.providers.local import LocalProvider

at, lines = int(sys.argv[2]), 0

def count(frame, event, argument):
    global lines
    if "providers/local/" not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines += 1
        if lines == at:
            os.kill(os.getpid(), signal.SIGKILL)
    return count

order = Order("svc-r1", "svc", Kind.ROUTER, "here", Routing(("sleep", "600"), 0))
provider = LocalProvider(Path(sys.argv[1]))
sys.settrace(count)
asyncio.run(provider.launch(order))
sys.settrace(None)
print(lines)
"""
_POINTS = 14
ORDER = Order("svc-r1", "svc", Kind.ROUTER, "here", Routing(("sleep", "600"), 0))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    state = tmp_path / "state"
    yield state
    left = processes_below(state)
    asyncio.run(LocalProvider(state).terminate("svc-r1", 0))
    assert left == []


def _is_settled(units: Mapping[str, Unit]) -> bool:
    return all(unit.phase is not Phase.LAUNCHING for unit in units.values())


def _launch_until(line: int, state: Path) -> tuple[int, str]:
    """Launch in a process that dies at a line (0: never); return its status and what it wrote."""
    command = [sys.executable, "-c", _CONTROLLER, str(state), str(line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_killed_at_any_point_nothing_is_unknown(state: Path) -> None:
    async def check() -> Phase | None:
        """See that all is known, launch what is not there, and end all; return what was found."""
        provider = LocalProvider(state)
        async with asyncio.timeout(30):
            units = await until(provider, "svc", _is_settled)
            found = units["svc-r1"].phase if units else None
            running = processes_below(state)
            assert len(running) == (1 if found else 0)
            await asyncio.gather(*(LocalProvider(state).launch(ORDER) for _ in range(2)))
            assert (await provider.describe("svc"))["svc-r1"].phase is Phase.RUNNING
            assert len(processes_below(state)) == 1
            await provider.terminate("svc-r1", 0)
            assert processes_below(state) == []
            await clear(provider, "svc")
        return found

    status, lines = _launch_until(0, state)
    assert status == 0
    assert asyncio.run(check()) is Phase.RUNNING  # it outlived its controller
    found = []
    for point in range(_POINTS):
        status, _ = _launch_until(1 + point * (int(lines) - 1) // _POINTS, state)
        assert status == -9
        found.append(asyncio.run(check()))
    assert set(found) == {None, Phase.RUNNING}, "the points were not before and after the spawn"


@pytest.mark.parametrize("has_written", [False, True])
def test_a_launcher_that_is_killed_leaves_nothing_unknown(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_written: bool
) -> None:
    writes = "launch._write_down(folder, json.loads((folder / 'intent.json').read_bytes()))"
    script = tmp_path / "dies.py"
    script.write_text(
        "import json, os, sys\nfrom pathlib import Path\n"
        "from nightshift.control.providers.local import launch\nfolder = Path(sys.argv[1])\n"
        f"{writes if has_written else ''}\nos.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setattr(launch, "__file__", str(script))

    async def life() -> None:
        provider = LocalProvider(state)
        if has_written:
            await provider.launch(ORDER)
            async with asyncio.timeout(30):
                await until(provider, "svc", lambda units: units["svc-r1"].phase is Phase.STOPPED)
        else:
            with pytest.raises(ProviderError, match="its first process was killed"):
                await provider.launch(ORDER)
            assert await provider.describe("svc") == {}
        await clear(provider, "svc")

    asyncio.run(life())
