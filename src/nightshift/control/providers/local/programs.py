"""What an order runs on this machine: its command line, configuration, environment and sockets.

All ports are taken here, by who launches, so that one in use is an error before anything begins. A program of
ours serves on the socket that it inherits. For any other listener (a balancer's admin API, llama.cpp, a
foreign router) the port is only reserved; that socket is inherited, too, and holds the port for as long as
the unit lives, whether it has begun to listen or not.
"""

import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import orjson

from nightshift.control.local.plan import Engine
from nightshift.control.local.recipes import Programs
from nightshift.control.providers.base import Balancing, Kind, Order, ProviderError, Routing
from nightshift.control.providers.local.launch import FIRST_SOCKET
from nightshift.control.providers.local.layout import Place
from nightshift.control.service.spec import LocalEngine
from nightshift.errors import UserError
from nightshift.processes import bind, reserve

_LOOPBACK = "127.0.0.1"
_REACHED = {"0.0.0.0": _LOOPBACK, "": _LOOPBACK, "::": "::1"}
"""How this machine reaches who listens everywhere."""


@dataclass(slots=True)
class Start:
    """How a unit is begun. Close it when that has happened: the unit has its own copies of the sockets."""

    argv: list[str] = field(default_factory=list)
    program: str = ""
    config: bytes | None = field(default=None, repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str = ""
    admin: str | None = None
    sockets: list[socket.socket] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)

    def take(self, opening: Callable[[str, int], socket.socket], host: str, port: int) -> str:
        """Take a port with `bind` or `reserve`; return where it is reached. Raises `UserError`."""
        sock = opening(host, port)
        sock.set_inheritable(False)  # it is handed down by number, to one child
        self.sockets.append(sock)
        self.ports.append(reached_at(*sock.getsockname()[:2]))
        return self.ports[-1]

    def __enter__(self) -> "Start":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sock in self.sockets:
            sock.close()


def reached_at(host: str, port: int) -> str:
    """Return `host:port` at which this machine reaches who listens on `host`."""
    host = _REACHED.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def start_of(order: Order, place: Place, programs: Programs) -> Start:
    """Return how a unit is begun, with its ports taken. Raises `ProviderError`."""
    start = Start(env=order.envs)
    try:
        match order.program:
            case LocalEngine(engine=Engine.LLAMA_CPP) as engine:
                _llama_cpp(start, engine, programs)
            case LocalEngine() as engine:
                _emulated(start, order.name, engine, programs)
            case Balancing() as balancing:
                _balancer(start, balancing, place, programs)
            case Routing() as routing:
                _router(start, routing)
            case _:
                raise ProviderError(
                    f"{order.name}: {_named(order)} does not run on this machine", permanent=True
                )
    except BaseException as error:  # on every way out, the ports are given back; raised again
        start.__exit__(None, None, None)
        if isinstance(error, UserError):
            raise ProviderError(f"{order.name}: {error}") from error
        raise
    return start


def _named(order: Order) -> str:
    return "a client" if order.kind is Kind.CLIENT else "a SkyPilot task"


def _emulated(start: Start, name: str, engine: LocalEngine, programs: Programs) -> None:
    start.program = f"emulated {engine.profile}"
    start.address = start.take(bind, _LOOPBACK, 0)
    # One seed for all: the same prompt gets the same answer, whichever replica serves it.
    start.argv = [*programs.emulated, "--profile", engine.profile, "--fd", str(FIRST_SOCKET)]
    start.argv += ["--speed", f"{engine.speed:g}", "--seed", str(engine.seed), "--replica-id", name]
    if engine.model is not None:
        start.argv += ["--model", engine.model]


def _llama_cpp(start: Start, engine: LocalEngine, programs: Programs) -> None:
    start.program = "llama.cpp"
    start.address = start.take(reserve, _LOOPBACK, 0)
    host, _, port = start.address.rpartition(":")
    start.argv = [*programs.llama_cpp, "--host", host, "--port", port]
    if engine.model is not None:
        start.argv += ["--alias", engine.model]


def _balancer(start: Start, balancing: Balancing, place: Place, programs: Programs) -> None:
    start.program = "nightshift balancer"
    start.address = start.take(bind, balancing.host, balancing.port)
    start.admin = start.take(reserve, _LOOPBACK, 0)
    admin_host, _, admin_port = start.admin.rpartition(":")
    settings = {
        **balancing.settings,
        "host": balancing.host,
        "port": start.sockets[0].getsockname()[1],
        "admin": {"host": admin_host, "port": int(admin_port)},
    }
    start.config = orjson.dumps(settings, option=orjson.OPT_INDENT_2)
    _check_settings(start.config)
    start.argv = [*programs.balancer, "--config", str(place.config), "--fd", str(FIRST_SOCKET)]


def _check_settings(config: bytes) -> None:
    """Raise `ProviderError` for settings that the balancer would refuse."""
    from nightshift.proxy.settings import checked_settings

    try:
        checked_settings(orjson.loads(config), where="the balancer's settings")
    except UserError as error:
        raise ProviderError(str(error), permanent=True) from error


def _router(start: Start, routing: Routing) -> None:
    """Fill in `{host}`, `{port}`, and `{metrics_port}`: a further free one, for routers that need two."""
    start.program = Path(routing.argv[0]).name
    if shutil.which(routing.argv[0]) is None:
        raise ProviderError(f"there is no program {routing.argv[0]} here; install it", permanent=True)
    start.address = start.take(reserve, _LOOPBACK, routing.port)
    host, _, port = start.address.rpartition(":")
    words = {"{host}": host, "{port}": port}
    if any("{metrics_port}" in word for word in routing.argv):
        words["{metrics_port}"] = start.take(reserve, _LOOPBACK, 0).rpartition(":")[2]
    for word in routing.argv:
        for key, value in words.items():
            word = word.replace(key, value)  # noqa: PLW2901
        start.argv.append(word)
