"""`python .../launch.py FOLDER`: what every unit begins as.

It writes its own process id down beside the intent that it was begun by (`unit.json`), lets go of the unit's
lock, and becomes the unit's program. As the id stays the same, there is no moment in which a process runs
that nobody has written down, or could not know about:

- killed before the spawn: an intent and a free lock, so there is nothing; `launch` begins anew.
- killed after it: the lock is held by this process alone, and who asks waits, or hears that it is launching.
- this process killed: the kernel frees the lock. Without `unit.json` there is nothing; with it the unit has
  stopped.

Searching /proc for a mark in the environment alone would not do: a program may write over it (who renames
itself, as the SGLang router, does), and the search could come before a child that is being begun. Writing the
id in the parent leaves the moment between spawn and write. This way costs one start of the interpreter, so
it imports little.

File descriptors: 3 the lock, 4 a pipe to who launches (text when something is wrong; closed when it goes
well), from 5 on the sockets of the unit.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from nightshift.control.processid import ProcessId

LOCK, STATUS, FIRST_SOCKET = 3, 4, 5


def main(folder: Path) -> int:
    """Become the program that the folder's intent names; return only when that is impossible."""
    intent = json.loads((folder / "intent.json").read_bytes())
    try:
        _keep_open(FIRST_SOCKET + int(intent.pop("sockets")))
        _write_down(folder, intent)
        for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored_by_python, signal.SIG_DFL)
        os.execvp(intent["argv"][0], intent["argv"])  # noqa: S606 - the provider chose the program
    except OSError as error:
        # exec does not name its file
        problem = f"{error.filename or intent['argv'][0]}: {error.strerror}"
        sys.stderr.write(f"cannot begin: {problem}\n")
        os.write(STATUS, problem.encode())
        return 1


def _keep_open(end: int) -> None:
    """Close what who launches had open besides; the lock and the pipe close when the program begins."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) >= end:
            with contextlib.suppress(OSError):  # the one that listed the folder
                os.close(int(name))
    os.set_inheritable(LOCK, False)
    os.set_inheritable(STATUS, False)


def _write_down(folder: Path, intent: dict[str, object]) -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None  # noqa: S101 - this process runs
    record = {**intent, "process": {"pid": me.pid, "started_ticks": me.started_ticks}}
    new = folder / ".unit.json.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(record, file, indent=2)
    new.replace(folder / "unit.json")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
