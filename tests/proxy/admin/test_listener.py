"""The listener lives in the balancer's loop, leaves its signals alone, and ends when told to."""

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proxy.admin.conftest import Api, Play


def test_signals_stay_the_balancers(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        got: asyncio.Queue[str] = asyncio.Queue()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, got.put_nowait, "SIGTERM")
        signal.raise_signal(signal.SIGTERM)
        assert await got.get() == "SIGTERM"
        assert (await api.ask("GET", "/admin/health"))[0] == 200
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

    play(scene)


def test_it_logs_nothing_of_its_own(play: "Play", caplog: pytest.LogCaptureFixture) -> None:
    """Least of all a line for every scrape, or a token."""

    async def scene(api: "Api") -> None:
        await api.ask("GET", "/admin/state")
        await api.ask("GET", "/admin/state", token="another-secret")

    play(scene)
    assert "/admin" not in caplog.text
    assert "secret" not in caplog.text


def test_a_balancer_without_it_does_not_load_the_framework() -> None:
    code = (
        "import sys, nightshift.cli, nightshift.proxy.server, nightshift.proxy.admin.command, "
        "nightshift.proxy.seen.witnesses; "
        "sys.exit(bool({'fastapi', 'uvicorn', 'opentelemetry'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
