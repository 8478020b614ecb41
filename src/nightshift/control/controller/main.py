"""`python -m nightshift.control.controller.main`: the controller as a process.

At most one runs for a state folder: it holds the lock, which the kernel lets go however it ends. It says
where it is in `contact.json` and with one line on standard output, and ends on SIGTERM, when it is told to,
or when it has had no service for a while. It ends none of its units: they go on, and the next controller
finds them.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import orjson
import uvicorn

from nightshift.control.controller.api import Desk, make_app
from nightshift.control.controller.distance import distances
from nightshift.control.controller.loop import Tools
from nightshift.control.controller.places import DATABASE, Places
from nightshift.control.controller.provided import Provided, route53
from nightshift.control.controller.services import Services
from nightshift.control.store.store import Store
from nightshift.errors import NightshiftError, UserError
from nightshift.processes import address_of, announce_ready, bind

_IDLE_S = 60.0
"""A controller that has had no service for so long ends."""
_SHUTDOWN_S = 2
"""For answers that are under way when it ends; who follows a log is cut off then."""
_FOLDER_MODE = 0o700


class TakenError(UserError):
    """Another controller has the state folder."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The controller handles its signals itself."""
        yield


def run(places: Places, database: str | None, host: str, port: int, *, stays: bool = False) -> None:
    """Serve until told to end, and unless it `stays`, until it has had nothing to do for a while.

    Raises `TakenError` when another controller has the state folder.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with _lock(places):
        asyncio.run(_serve(places, database or places.database, bind(host, port), stays=stays))


@contextlib.contextmanager
def _lock(places: Places) -> Iterator[None]:
    try:
        places.root.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        lock = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot write in {places.root}: {error.strerror}; set XDG_STATE_HOME elsewhere"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise TakenError(f"a controller runs already for {places.root}") from None
    try:
        yield
    finally:
        os.close(lock)


async def _serve(places: Places, database: str, sock: socket.socket, *, stays: bool) -> None:
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    token = secrets.token_urlsafe(24)
    async with _services(places, database) as services:
        desk = Desk(services, token, stop.set)
        server = _Server(
            uvicorn.Config(
                make_app(desk),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=_SHUTDOWN_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        _write_contact(places.contact, address_of(sock), token)
        announce_ready(address=address_of(sock))
        idle = asyncio.create_task(_until_idle(services, stop, inf if stays else _IDLE_S))
        await stop.wait()
        idle.cancel()
        places.contact.unlink(missing_ok=True)
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def _services(places: Places, database: str) -> AsyncIterator[Services]:
    from aiohttp import ClientSession

    store = Store(database)
    async with ClientSession() as http:
        tools = Tools(store, http, lambda: datetime.now(UTC).timestamp(), distances())
        services = Services(Provided(places), route53, tools)
        try:
            services.resume()
            yield services
        finally:
            await services.close()
            store.close()


async def _until_idle(services: Services, stop: asyncio.Event, patience_s: float) -> None:
    """Ask the controller to end when it has had nothing to do for a while."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    while loop.time() - since < patience_s:
        if services.is_busy:
            since = loop.time()
        await asyncio.sleep(1.0)
    stop.set()


def _write_contact(path: Path, address: str, token: str) -> None:
    new = path.with_suffix(".new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(orjson.dumps({"address": address, "token": token, "pid": os.getpid()}))
        new.replace(path)
    except OSError as error:
        raise NightshiftError(f"cannot write {path}: {error.strerror}") from error


def main() -> int:
    """Run with the usual places and the database of the environment; the first argument may be JSON with
    `host` and `port`.
    """
    asked = orjson.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    try:
        database = os.environ.get(DATABASE)
        run(Places.usual(), database, asked.get("host", "127.0.0.1"), asked.get("port", 0))
    except NightshiftError as error:
        event = "taken" if isinstance(error, TakenError) else "failed"
        sys.stdout.write(orjson.dumps({"event": event, "problem": str(error)}).decode() + "\n")
        sys.stdout.flush()
        sys.stderr.write(f"nightshift: {error}\n")
        return 2 if isinstance(error, UserError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
