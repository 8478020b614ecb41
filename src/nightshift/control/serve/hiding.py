"""Takes the values of `--env NAME=VALUE` out of what other users see of this process (`ps`), on Linux.

The kernel shows the memory that a process was started with; here the values in it are written over. They were
there until then, for the time that Python takes to start: `--env NAME`, which takes the value of the shell,
leaves none at all.
"""

import contextlib
import ctypes
from pathlib import Path

_ARG_START, _ARG_END = 45, 46
"""Of the fields behind the program's name in /proc/PID/stat (proc(5): fields 48 and 49)."""


def hide_env_values() -> None:
    """Write over the values; where that cannot be done, leave all as it is."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text(errors="replace").rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        shown = Path("/proc/self/cmdline").read_bytes()
        if start > 0 and len(shown) == end - start and ctypes.string_at(start, end - start) == shown:
            for at, length in values_in(shown):
                ctypes.memset(start + at, ord("*"), length)


def values_in(arguments: bytes) -> list[tuple[int, int]]:
    """Return where values of `--env` stand in arguments that end with NUL each: offsets and lengths."""
    found: list[tuple[int, int]] = []
    at, is_value = 0, False
    for word in arguments.split(b"\0"):
        written = word.removeprefix(b"--env=") if word.startswith(b"--env=") else word if is_value else b""
        _, equals, value = written.partition(b"=")
        if equals:
            found.append((at + len(word) - len(value), len(value)))
        is_value = word == b"--env"
        at += len(word) + 1
    return found
