"""Begins a unit, so that it outlives this process, and so that nothing is half-begun (see `launch`)."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys

import orjson

from nightshift.control.providers.base import ProviderError
from nightshift.control.providers.local import launch
from nightshift.control.providers.local.launch import FIRST_SOCKET, LOCK, STATUS
from nightshift.control.providers.local.layout import Place
from nightshift.control.providers.local.programs import Start
from nightshift.control.providers.local.record import MARK, Intent, write_private
from nightshift.control.providers.local.session import readable

_BEGIN_S = 60.0
"""For one start of the interpreter; so long on a machine that is busy with something else."""
_ABOVE = 64
"""Descriptors to be handed down are first moved here, so that none is in the place of another."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)


async def begin(place: Place, intent: Intent, start: Start, lock: int) -> None:
    """Begin a unit whose lock is held; return once its program has begun. Raises `ProviderError`.

    When it raises, nothing of the unit is left but its log. Cancelled, the unit may begin nonetheless.
    """
    try:
        _write(place, intent, start)
        pid, pipe = _spawn(place, start, lock)
    except OSError as error:
        shutil.rmtree(place.folder, ignore_errors=True)
        raise ProviderError(f"cannot launch {place.name}: {error}") from error
    try:
        problem = await _last_words(pipe, pid)
    finally:
        os.close(pipe)
    if problem or not place.record.exists():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)  # noqa: ASYNC222 - it has closed its pipe, or was killed: it is at its end
        shutil.rmtree(place.folder, ignore_errors=True)
        raise ProviderError(f"cannot launch {place.name}: {problem or 'its first process was killed'}")


def _write(place: Place, intent: Intent, start: Start) -> None:
    place.log.parent.mkdir(parents=True, exist_ok=True)
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if start.config is not None:
        write_private(place.config, start.config)
    words = {**intent.model_dump(mode="json"), "sockets": len(start.sockets)}
    write_private(place.intent, orjson.dumps(words, option=orjson.OPT_INDENT_2))


def _spawn(place: Place, start: Start, lock: int) -> tuple[int, int]:
    """Start the launcher; return its id, and the end of the pipe that it tells a problem through."""
    here, there = os.pipe()
    files: list[int] = []
    try:
        log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        handed = {1: log, 2: log, LOCK: lock, STATUS: there}
        handed |= {FIRST_SOCKET + n: sock.fileno() for n, sock in enumerate(start.sockets)}
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        ]
        files.append(log)
        for number, file in handed.items():
            files.append(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _ABOVE))
            actions.append((os.POSIX_SPAWN_DUP2, files[-1], number))
        # By its path: by its name, the interpreter would load this whole package first.
        argv = [sys.executable, "-P", launch.__file__, str(place.folder)]
        pid = os.posix_spawn(
            sys.executable,
            argv,
            {**os.environ, **start.env, MARK: str(place.folder)},
            file_actions=actions,
            setsid=True,
            setsigmask=(),
            setsigdef=_SIGNALS,
        )
    except BaseException:  # on every way out; raised again
        os.close(here)
        raise
    finally:
        for file in [there, *files]:
            os.close(file)
    return pid, here


async def _last_words(pipe: int, pid: int) -> str:
    """Return the launcher's problem, or nothing once the unit's program has begun."""
    os.set_blocking(pipe, False)
    said = b""
    try:
        async with asyncio.timeout(_BEGIN_S):
            while True:
                await readable(pipe)
                if not (more := os.read(pipe, 4096)):
                    return said.decode(errors="replace")
                said += more
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)  # our child, and not waited for: its number is its own
        return f"it did not begin within {_BEGIN_S:g} s"
