"""The parent of several balancer processes: starts them, starts a dead one again, passes signals on.

It serves nothing itself and stands in nobody's way: requests do not pass through it. A process that ends
before all have served once is a mistake in the settings, and ends all; after that, one that ends is started
again (`backoff`). SIGTERM and SIGINT are passed on as they come, and the parent ends when all have; SIGHUP
has the settings read anew, and passed on with it.
"""

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from nightshift.errors import NightshiftError, UserError
from nightshift.processes import announce_ready
from nightshift.proxy.processes.backoff import Backoff
from nightshift.proxy.processes.child import Child, ConfigFile
from nightshift.proxy.processes.division import Division, Sibling, check_tls, divided, names
from nightshift.proxy.processes.sockets import Sockets, claim
from nightshift.proxy.settings import Settings

_log = logging.getLogger(__name__)
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class ProcessError(NightshiftError):
    """A process ended when all were to start."""


@dataclass(slots=True)
class _Slot:
    """One process's place: what stays the same when it is started again."""

    name: str
    sockets: Sockets
    config: ConfigFile
    backoff: Backoff = field(default_factory=Backoff)
    child: Child | None = None
    served: asyncio.Event = field(default_factory=asyncio.Event)


class Parent:
    """See the head of the file."""

    def __init__(
        self, read: Callable[[], Settings], count: int, division: Division, peer_port: int | None
    ) -> None:
        """`read` gives the settings, now and at SIGHUP. Peers of process i find it at `peer_port` + i.

        0: at any free ports. None: at those after the public one, if that is not any free one itself.
        """
        self._read = read
        self._count = count
        self._division = division
        self._peer_port = peer_port
        self._token = secrets.token_urlsafe(32)
        self._slots: list[_Slot] = []
        self._stopping = asyncio.Event()
        self._all_served = False

    async def run(self) -> None:
        """Keep all running until told to end. Raises `UserError`, `ProcessError`."""
        settings = self._read()
        loop = asyncio.get_running_loop()
        try:
            public_port = self._take_ports(settings)
            self._write(settings)
            for sig in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(sig, self._stop, sig)
            loop.add_signal_handler(signal.SIGHUP, self._reload)
            await self._serve(settings, public_port)
        finally:
            for slot in self._slots:
                slot.sockets.close()
                slot.config.close()

    def _take_ports(self, settings: Settings) -> int:
        check_tls(settings)
        host = settings.host
        public_port = claim(host, settings.port)
        first = self._peer_port
        if first is None:
            first = settings.port + 1 if settings.port else 0
        for number, name in enumerate(names(settings.name, self._count)):
            inside = host if settings.tls is None else "127.0.0.1"  # in clear, and so not for others
            internal = (inside, first + number if first else 0)
            slot = _Slot(name, Sockets((host, public_port), internal), ConfigFile(f"nightshift-{number}"))
            self._slots.append(slot)
            slot.sockets.open()
        return public_port

    def _write(self, settings: Settings) -> None:
        host = settings.host
        siblings = [Sibling(slot.name, _reached(host, slot.sockets.internal_address)) for slot in self._slots]
        tokens = settings.peer_token or (self._token,)
        told = [divided(settings, number, siblings, tokens, self._division) for number in range(self._count)]
        for slot, content in zip(self._slots, told, strict=True):
            slot.config.write(content)

    async def _serve(self, settings: Settings, public_port: int) -> None:
        keepers = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
        started = asyncio.create_task(self._all_ready())
        try:
            await asyncio.wait({started, *keepers}, return_when=asyncio.FIRST_COMPLETED)
            if started.done() and not self._stopping.is_set():
                self._all_served = True
                announce_ready(
                    address=f"{settings.host}:{public_port}",
                    name=settings.name,
                    region=settings.region,
                    processes=[
                        {"name": slot.name, "address": slot.sockets.internal_address} for slot in self._slots
                    ],
                )
            await asyncio.wait(keepers, return_when=asyncio.FIRST_EXCEPTION)
            for keeper in keepers:
                if keeper.done():
                    keeper.result()
        finally:
            started.cancel()
            self._stop(signal.SIGTERM)
            await asyncio.wait(keepers)

    async def _all_ready(self) -> None:
        for slot in self._slots:
            await slot.served.wait()

    async def _keep(self, slot: _Slot) -> None:
        """Run a process, and again when it dies, until all shall end."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            try:
                status = await self._lived(slot)
            except UserError as error:  # its port was taken while it was away
                status = str(error)
            if self._stopping.is_set():
                return
            if not self._all_served:
                raise ProcessError(f"process {slot.name} {status} before it served; see its log above")
            wait_s = slot.backoff.died(loop.time() - started)
            _log.warning("process %s %s; started again in %.1f s", slot.name, status, wait_s)
            if wait_s:
                slot.sockets.close()
                await self._wait(wait_s)

    async def _lived(self, slot: _Slot) -> str:
        """Run a process from its start to its end, and say how it ended."""
        child = slot.child = await Child.start(slot.config, slot.sockets.open(), slot.served)
        if self._stopping.is_set():  # told so while it was being started
            child.signal(signal.SIGTERM)
        return f"ended with status {await child.ended()}"

    async def _wait(self, seconds: float) -> None:
        """Wait, or until all shall end."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    # Signals

    def _stop(self, sig: signal.Signals) -> None:
        self._stopping.set()
        self._pass_on(sig)

    def _reload(self) -> None:
        try:
            self._write(self._read())
        except UserError as error:
            _log.error("the settings stay as they are: %s", error)
            return
        self._pass_on(signal.SIGHUP)

    def _pass_on(self, sig: signal.Signals) -> None:
        for slot in self._slots:
            if slot.child is not None:
                slot.child.signal(sig)


def _reached(host: str, address: str) -> str:
    """Return where a sibling on this machine reaches `address`, which listens on `host`."""
    if host not in _ANY_HOST:
        return address
    here, port = _ANY_HOST[host], address.rpartition(":")[2]
    return f"[{here}]:{port}" if ":" in here else f"{here}:{port}"


def run_processes(
    read: Callable[[], Settings],
    count: int,
    *,
    division: Division = Division.AUTO,
    peer_port: int | None = None,
) -> None:
    """Serve with `count` processes until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s parent %(levelname)s %(name)s: %(message)s")
    asyncio.run(Parent(read, count, division, peer_port).run())
