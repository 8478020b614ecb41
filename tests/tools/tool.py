"""What the tests of this folder share: how a tool is run, and what the engine counted meanwhile."""

import os
import subprocess
from pathlib import Path
from urllib.request import urlopen

from tests.soak.processes import Process

HERE = Path(os.environ.get("TOOLS", ".venv-tools")).absolute()
MODEL = "meta-llama/Llama-3.1-8B-Instruct"
LIMIT_S = 800.0
"""The tools take seconds; importing them on a busy machine, minutes."""


def run_tool(folder: Path, name: str, *arguments: str | Path, offline: bool = False) -> None:
    """Run a tool's command in a folder, and expect it to succeed.

    `offline` sets HF_HUB_OFFLINE, which AIPerf must not find.
    """
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [HERE / name / "bin" / name, *arguments],
        env=environment | ({"HF_HUB_OFFLINE": "1"} if offline else {}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def counted(engine: Process) -> dict[str, int]:
    """Return the engine's counters, by vLLM's names."""
    with urlopen(f"http://{engine.address}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if line.startswith("vllm:"))
    return {name.partition("{")[0].removeprefix("vllm:"): int(float(value)) for name, _, value in pairs}
