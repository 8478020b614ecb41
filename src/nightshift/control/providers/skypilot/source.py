"""Where a machine gets Nightshift from: a package index, a wheel, or a folder with its source.

`NIGHTSHIFT_SOURCE` says so: a requirement (`nightshift==0.1.0`), or a path on this machine. Left out, it is
the clone that this process runs from (`pip install -e`), if it does, else the same version from an index.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from nightshift import __version__
from nightshift.errors import UserError

_THERE = "~/.nightshift/source"


@dataclass(frozen=True, slots=True)
class Source:
    """What is installed, and what is copied to the machine for it (place there -> path here)."""

    requirement: str
    mounts: dict[str, str]


def nightshift_source(setting: str | None = None) -> Source:
    """Return what `setting`, or else the environment, means. Raises `UserError` for a missing path."""
    chosen = setting or os.environ.get("NIGHTSHIFT_SOURCE") or _clone() or f"nightshift=={__version__}"
    if not (chosen.endswith(".whl") or "/" in chosen or chosen in (".", "..")):
        return Source(chosen, {})
    path = Path(chosen).expanduser().resolve()
    if path.is_dir() and (path / "pyproject.toml").is_file():
        return Source(_THERE, {_THERE: str(path)})
    if path.is_file() and path.suffix == ".whl":
        return Source(f"{_THERE}/{path.name}", {f"{_THERE}/{path.name}": str(path)})
    raise UserError(
        f"NIGHTSHIFT_SOURCE: {chosen} is neither a wheel (*.whl) nor a folder with pyproject.toml"
    )


def _clone() -> str | None:
    """Return the folder of the source that this process runs from, unless it was installed from a wheel."""
    root = Path(__file__).resolve().parents[5]
    return (
        str(root) if (root / "pyproject.toml").is_file() and (root / "src" / "nightshift").is_dir() else None
    )


def setup_commands(source: Source, extra: str = "") -> str:
    """Return shell commands that install Nightshift into `~/.nightshift/venv` of a fresh machine."""
    what = source.requirement
    if extra:
        name, equals, version = what.partition("==")
        what = f"{name}[{extra}]{equals}{version}"
    quoted = what.replace("~", "$HOME", 1) if what.startswith("~") else what
    return "\n".join(
        (
            "set -e",
            'export PATH="$HOME/.local/bin:$PATH"',
            "command -v uv >/dev/null || python3 -m pip install --quiet --user uv",
            "uv venv --quiet --allow-existing --python 3.12 ~/.nightshift/venv",
            f'uv pip install --quiet --python ~/.nightshift/venv/bin/python "{quoted}"',
        )
    )
