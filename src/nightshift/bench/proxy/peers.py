"""The other proxies: where they are found, their versions, and how they are installed.

Those from PyPI live in a virtualenv of their own (`.venv-peers`): LiteLLM needs another version of a package
that Nightshift's tests use. nginx and HAProxy are the system's packages.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nightshift.errors import UserError

PINNED = {
    "sglang-router": "0.3.2",
    "smg": "1.13.0",
    "vllm-router": "0.1.17",
    "litellm": "1.106.2",
}
DEFAULT_VENV = Path(".venv-peers")
_INSTALL = "nightshift bench proxy --install-peers"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""Where system daemons are, for users whose own PATH leaves /usr/sbin out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A program that is here."""

    command: str
    version: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that is not here. `hint` is how to install it."""

    hint: str


def install(venv: Path) -> None:
    """Make the virtualenv and install the pinned packages. Raises `UserError` when that fails."""
    packages = [
        f"{'litellm[proxy]' if name == 'litellm' else name}=={version}" for name, version in PINNED.items()
    ]
    python = venv / "bin" / "python"
    steps = [[str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *packages]]
    if not python.is_file():
        steps.insert(0, [sys.executable, "-m", "venv", str(venv)])
    for step in steps:
        if subprocess.run(step, check=False).returncode != 0:
            raise UserError(f"could not install the other proxies: `{' '.join(step)}` failed, see above")


def python_package(name: str, venv: Path) -> Found | Missing:
    """Look for a pinned package in `venv`. The command of a found one is that virtualenv's Python."""
    version = PINNED[name]
    python = venv.absolute() / "bin" / "python"
    spelled = name.replace("-", "_")
    infos = sorted((venv / "lib").glob(f"python*/site-packages/{spelled}-*.dist-info"))
    if not infos or not python.exists():
        return Missing(f"{_INSTALL}  (makes {venv} with {name} {version})")
    return Found(str(python), infos[-1].name.removeprefix(f"{spelled}-").removesuffix(".dist-info"))


def system_program(name: str, package: str, *version_flag: str) -> Found | Missing:
    """Look for a daemon of the system and ask it for its version."""
    command = shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)
    if command is None:
        return Missing(f"apt-get install {package}")
    said = subprocess.run([command, *version_flag], capture_output=True, text=True, check=False)
    return Found(command, version_in(said.stdout + said.stderr))


def version_in(text: str) -> str:
    """Return the first word of a version banner that has a digit at its start: `1.22.1`."""
    for word in text.replace("/", " ").split():
        if word[0].isdigit():
            return word
    return "unknown"
