"""A service in the background: `up --detach` starts this process and waits for its first words.

It leads a session of its own, so that it outlives the shell. On standard output it writes one line, either
that the service is up or why it is not, and nothing after that; all else goes to `supervisor.log`.
"""

import os
import signal
import sys
from pathlib import Path

import orjson

from nightshift.control.local.child import FleetError
from nightshift.control.up.runs import Run, log_folder_of
from nightshift.control.up.up import Order, run
from nightshift.errors import NightshiftError, UserError


def start_detached(order: Order) -> Run:
    """Start a supervisor; return what runs once it is up. Raises its error. Ctrl-C meanwhile ends it."""
    plan, _ = order.plan()
    log = log_folder_of(plan.name) / "supervisor.log"
    pid, output = _spawn(order, _log_for(log))
    try:
        line = _first_words(output)
    except KeyboardInterrupt:  # which does not reach the supervisor, in its own session
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise
    said = orjson.loads(line) if line else {"problem": "the supervisor ended before the service was up"}
    if said.get("event") != "up":
        if said.get("is_users"):
            raise UserError(said["problem"])
        raise FleetError(f"{said['problem']}\nthe supervisor's log is {log}")
    return Run.model_validate(said["run"])


def _log_for(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; set XDG_STATE_HOME elsewhere") from error


def _spawn(order: Order, log: int) -> tuple[int, int]:
    """Start the supervisor; return its id, and the end of a pipe to read its standard output from."""
    here, there = os.pipe()
    asked = {"file": str(order.file.absolute()), "system": order.system, "port_base": order.port_base}
    argv = [sys.executable, "-P", "-m", "nightshift.control.up.supervisor", orjson.dumps(asked).decode()]
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, there, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
    ]
    try:
        # Not `subprocess`: this process is meant to end before the one that it starts.
        pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=actions, setsid=True)
    finally:
        os.close(there)
        os.close(log)
    return pid, here


def _first_words(pipe: int) -> bytes:
    with open(pipe, "rb") as output:
        return output.readline()


def main(asked: str) -> int:
    """Run the service that the JSON `asked` describes; return the exit status."""
    words = orjson.loads(asked)
    order = Order(Path(words["file"]), words["system"], words["port_base"])
    try:
        run(order, on_up=lambda state: _say(event="up", run=state.model_dump()), progress=lambda *_: None)
    except NightshiftError as error:
        is_users = isinstance(error, UserError)
        _say(event="failed", problem=str(error), is_users=is_users)
        sys.stderr.write(f"nightshift: {error}\n")
        return 2 if is_users else 1
    return 0


def _say(**words: object) -> None:
    """Write the one line; from then on standard output goes to the log, its reader may be gone."""
    try:
        sys.stdout.write(orjson.dumps(words).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    os.dup2(2, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
