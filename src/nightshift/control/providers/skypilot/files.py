"""Files that a balancer's settings name: they are on this machine, and the balancer is on another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nightshift.control.providers.base import ProviderError

_FOLDER = ".nightshift/files"
"""Under the home of the machine's user, where the balancer is started."""
_PATHS = (
    ("keys_file",),
    ("tls", "certificate"),
    ("tls", "key"),
    ("peer_tls", "ca"),
    ("peer_tls", "certificate"),
    ("peer_tls", "key"),
    ("upstream_tls", "ca"),
    ("upstream_tls", "certificate"),
    ("upstream_tls", "key"),
)


def only_ours(mounts: Mapping[str, str]) -> list[str]:
    """Return shell commands that let nobody else on the other machine read these files.

    They come with the modes they have here; SkyPilot runs the commands as soon as they have come.
    """
    quoted = [f'"$HOME{there.removeprefix("~")}"' for there in mounts]
    return [f'chmod 700 "$HOME/{_FOLDER}" && chmod 600 {" ".join(quoted)}'] if mounts else []


def taken_along(settings: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings with paths of the other machine, and what to copy (place there -> path here).

    Raises `ProviderError` for a file that is not there.
    """
    changed: dict[str, Any] = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items()
    }
    mounts: dict[str, str] = {}
    for *sections, key in _PATHS:
        inner = changed.get(sections[0]) if sections else changed
        path = inner.get(key) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or path is None:
            continue
        here = Path(str(path)).expanduser().resolve()
        name = ".".join([*sections, key])
        if not here.is_file():
            raise ProviderError(f"{name}: {path} is not a file on this machine", permanent=True)
        inner[key] = f"{_FOLDER}/{name}"
        mounts[f"~/{_FOLDER}/{name}"] = str(here)
    return changed, mounts
