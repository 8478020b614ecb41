"""Finding the controller of this user, starting it if there is none, and talking to it."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any
from urllib.parse import quote

import orjson

from nightshift import __version__
from nightshift.control.controller.places import DATABASE, Places
from nightshift.control.serve.pausing import pause
from nightshift.errors import NightshiftError, UserError

_TIMEOUT_S = 60.0
"""A service's beginning checks a cloud's credentials, which takes its time."""
_PATIENCE_S, _PAUSE_S = 30.0, 0.2
"""For another controller to come up, or to end, when it has the state folder and does not answer."""


_READ = frozenset(
    (
        *("name", "provider", "engine", "wan", "version", "uptime_s", "status", "system", "problem"),
        *("replicas_ready", "replicas_total", "balancers_ready", "balancers_total", "endpoint", "endpoints"),
        *("autoscaling_policy", "load_balancing_policy", "requested_resources", "prefix_hit_rate"),
        *("replicas", "balancers", "baselines"),
    )
)
"""What commands read of a service."""


class Controller:
    """The controller's API. Every method raises `UserError` for what the caller can mend."""

    def __init__(self, address: str, token: str, pid: int | None = None) -> None:
        self._address = address
        self._token = token
        self._pid = pid

    def check_version(self) -> None:
        """Raise `UserError` for a controller of another version: what it says may mean something else."""
        version = self._ask("GET", "/v1/health").get("version")
        if version != __version__:
            raise self._other(f"of version {version}, and this command of {__version__}")

    def _other(self, how: str) -> UserError:
        return UserError(
            f"the controller that runs is {how}: end it with `kill {self._pid or 'PID'}` (services go on), "
            "and run the command again, which starts one of its own version"
        )

    def services(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return what `status` shows, of one service or of all."""
        path = "/v1/services" + (f"?name={quote(name)}" if name else "")
        services: list[dict[str, Any]] = self._ask("GET", path)["services"]
        unsaid = sorted({key for service in services for key in _READ - service.keys()})
        if unsaid:
            raise self._other(f"older than this command (it says nothing of {', '.join(unsaid)})")
        return services

    def begin(self, name: str, text: str, source: str, envs: Mapping[str, str]) -> None:
        """Begin a service."""
        self._ask("POST", "/v1/services", {"name": name, "text": text, "source": source, "envs": envs})

    def update(self, name: str, text: str, source: str, envs: Mapping[str, str], *, mode: str) -> int:
        """Begin the next version of a service; return its number."""
        body = {"name": name, "text": text, "source": source, "envs": envs, "mode": mode}
        version: int = self._ask("PUT", f"/v1/services/{quote(name)}", body)["version"]
        return version

    def end(self, name: str, *, purge: bool) -> None:
        """Let nothing remain of a service."""
        self._ask("DELETE", f"/v1/services/{quote(name)}?purge={str(purge).lower()}")

    def baseline(self, service: str, kind: str, *, wanted: bool) -> None:
        """Let a baseline stand before the replicas of a service, or not."""
        method = "PUT" if wanted else "DELETE"
        self._ask(method, f"/v1/services/{quote(service)}/baselines/{quote(kind)}")

    def leftovers(self, name: str) -> list[str]:
        """Return what is still there of a service."""
        found: list[str] = self._ask("GET", f"/v1/services/{quote(name)}/leftovers")["leftovers"]
        return found

    def stop(self) -> None:
        """End the controller itself."""
        self._ask("POST", "/v1/stop")

    def logs(self, service: str, unit: str, *, follow: bool) -> Iterator[bytes]:
        """Yield what a unit has written."""
        path = f"/v1/services/{quote(service)}/logs/{quote(unit)}?follow={str(follow).lower()}"
        with self._request("GET", path, None, timeout_s=None if follow else _TIMEOUT_S) as response:
            while piece := response.read1(65536):
                yield piece

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        with self._request(method, path, body, timeout_s=_TIMEOUT_S) as response:
            answer: dict[str, Any] = orjson.loads(response.read())
            return answer

    @contextlib.contextmanager
    def _request(
        self, method: str, path: str, body: object, *, timeout_s: float | None
    ) -> Iterator[HTTPResponse]:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        connection = HTTPConnection(self._address, timeout=timeout_s)
        try:
            connection.request(method, path, None if body is None else orjson.dumps(body), headers)
            response = connection.getresponse()
            if response.status >= 400:
                raise _refusal(response.status, response.read())
            yield response
        except (OSError, HTTPException) as error:
            raise NightshiftError(
                f"the controller at {self._address} does not answer ({error or type(error).__name__}); "
                "run the command again: it starts one if there is none"
            ) from error
        finally:
            connection.close()


def _refusal(status: int, content: bytes) -> NightshiftError:
    try:
        message = str(orjson.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = f"the controller answered with status {status}"
    return UserError(message) if status < 500 else NightshiftError(message)


def find(places: Places) -> Controller | None:
    """Return the controller that runs, if one does. Raises `UserError` if it is of another version."""
    try:
        contact = orjson.loads(places.contact.read_bytes())
        os.kill(contact["pid"], 0)
        controller = Controller(contact["address"], contact["token"], contact["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        controller.check_version()
    except UserError:
        raise
    except NightshiftError:
        return None
    return controller


def ensure(places: Places, *, database: str | None = None) -> Controller:
    """Return the controller, after starting it if there is none. Raises `UserError`, `NightshiftError`."""
    end = monotonic() + _PATIENCE_S
    while (found := find(places)) is None:
        said = _start(places, database)
        problem = said.get("problem", "it does not answer")
        # Another command may have started one at the same moment, or one that was told to end is at it.
        if said["event"] == "failed" or monotonic() > end:
            raise NightshiftError(f"the controller did not start: {problem}; its log is {places.log}")
        pause(_PAUSE_S)
    return found


def _start(places: Places, database: str | None) -> dict[str, str]:
    """Start a controller in a session of its own; return what it says first: ready, taken or failed."""
    try:
        places.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = os.open(places.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot write in {places.root}: {error.strerror}; set XDG_STATE_HOME elsewhere"
        ) from error
    here, there = os.pipe()
    argv = [sys.executable, "-P", "-m", "nightshift.control.controller.main", "{}"]
    # Not an argument: the URL may hold a password, and everybody sees arguments.
    environ = os.environ if database is None else {**os.environ, DATABASE: database}
    try:
        # Not `subprocess`: this process is meant to end before the one that it starts.
        os.posix_spawn(
            sys.executable,
            argv,
            environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, there, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(there)
        os.close(log)
    with open(here, "rb") as output:
        line = output.readline()
    said: dict[str, str] = {"event": "failed", "problem": "it ended before it had said anything"}
    return orjson.loads(line) if line else said
