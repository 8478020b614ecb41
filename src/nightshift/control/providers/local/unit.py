"""One unit on this machine, from its folder: how far it has come, and its end."""

import asyncio
import contextlib
import shutil
import socket

from nightshift.control.providers.base import Kind, Phase, ProviderError, Unit
from nightshift.control.providers.local import locks
from nightshift.control.providers.local.layout import Place
from nightshift.control.providers.local.logs import tail
from nightshift.control.providers.local.record import Intent, Record, read_record, write_private
from nightshift.control.providers.local.session import Session

_KILL_S = 10.0
_PORT_S = 2.0
_POLL_S = 0.02


def session_of(place: Place, record: Record) -> Session:
    """Return the processes of a unit."""
    return Session(record.process, str(place.folder))


def is_there(place: Place) -> bool:
    """Whether the unit runs, or is being begun."""
    record = read_record(place)
    if record is None:
        return locks.is_held(place.lock)
    return record.process.is_running


def describe(place: Place) -> Unit | None:
    """Return what the folder of a unit says; None when the unit never began."""
    record = read_record(place)
    if record is None and locks.is_held(place.lock):
        record = read_record(place)  # it may have begun, or been ended, just now
        if record is None:
            return _launching(place)
    if record is None:
        record = read_record(place)  # begun between the first look and that at the lock
    return None if record is None else _begun(place, record)


def _launching(place: Place) -> Unit | None:
    try:
        intent = Intent.model_validate_json(place.intent.read_bytes())
    except OSError:  # it has not come so far, or is being removed
        return None
    return Unit(intent.name, Kind(intent.kind), intent.region, Phase.LAUNCHING)


def _begun(place: Place, record: Record) -> Unit:
    session = session_of(place, record)
    phase, problem = Phase.RUNNING, ""
    if not session.is_running:
        how = _note_end(place, session)
        last = tail(place.log)
        phase, problem = Phase.STOPPED, f"{how}; its log ends:{last}" if last else how
    return Unit(
        record.name,
        Kind(record.kind),
        record.region,
        phase,
        address=record.address,
        admin=record.admin,
        resources=f"1x process ({record.program})",
        problem=problem,
    )


def _note_end(place: Place, session: Session) -> str:
    """Return how the unit's process ended, and write it down for those who ask later."""
    if how := session.reap():
        with contextlib.suppress(OSError):
            write_private(place.ended, how.encode())
        return how
    with contextlib.suppress(OSError):
        return place.ended.read_text()
    return "ended"


async def end(place: Place, grace_s: float) -> None:
    """End all processes of a unit whose lock is held, and remove its folder. Raises `ProviderError`."""
    record = read_record(place)
    if record is not None:
        if left := await session_of(place, record).end(grace_s, _KILL_S):
            pids = ", ".join(str(process.pid) for process in left)
            raise ProviderError(f"{place.name}: processes {pids} do not end, not even by SIGKILL")
        await _until_free(record.ports)
    try:
        shutil.rmtree(place.folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ProviderError(f"{place.name} has ended, but its folder is left: {error}") from error


async def _until_free(ports: tuple[str, ...]) -> None:
    """Wait until nobody listens on ports whose owner has ended; not for a stranger that is quicker."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PORT_S):
            while any(map(is_bound, ports)):  # noqa: ASYNC110 - a port has no event to wait for
                await asyncio.sleep(_POLL_S)


def is_bound(address: str) -> bool:
    """Whether somebody listens on `host:port`."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, int(port)))
        except OSError:
            return True
    return False
