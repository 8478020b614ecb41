"""Who takes part, and how each is started: from addresses to command lines.

Each is left at its own defaults but for what `configs` and the tables here say; the routers from PyPI run
their cache-aware policy. All stand before the same two upstreams.
"""

import getpass
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from nightshift import __version__
from nightshift.bench.proxy import configs
from nightshift.bench.proxy.peers import Found, Missing, python_package, system_program
from nightshift.bench.proxy.traffic import MODEL
from nightshift.control.local.child import Recipe
from nightshift.processes import address_of, bind, reserve

OURS, COMPILED, DIRECT = "nightshift", "nightshift-compiled", "direct"
COMPILED_PYTHON = Path(".venv-compiled/bin/python")
"""Where `make compiled` puts the compiled build."""
_QUICK_S, _SLOW_S = 60.0, 180.0
CONNECTIONS = 4096
_LAUNCH = (sys.executable, "-P", "-m", "nightshift.control.local.launch")
"""Ends a foreign program with its parent."""


@dataclass(slots=True)
class Site:
    """What all contestants of a run share. Sockets that children inherit stay open until `sockets` closes."""

    folder: Path
    venv: Path
    upstreams: tuple[str, ...] = ()
    connections: int = CONNECTIONS
    """Clients' connections at once, for those that set memory aside for them."""
    sockets: ExitStack = field(default_factory=ExitStack)

    def inherited(self) -> tuple[str, int]:
        """Take a free port for a child of ours; return its address and the descriptor to hand down."""
        sock = self.sockets.enter_context(bind("127.0.0.1", 0))
        return address_of(sock), sock.fileno()

    def reserved(self) -> str:
        """Hold a free port for a program that binds it itself."""
        return address_of(self.sockets.enter_context(reserve("127.0.0.1", 0)))

    def write(self, name: str, content: str | dict[str, object]) -> str:
        """Write a configuration file and return its path."""
        path = self.folder / name
        if isinstance(content, str):
            path.write_text(content)
        else:
            path.write_bytes(orjson.dumps(content))
        return str(path)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A contestant that can be started: `recipes` in the order that they need, clients go to `entry`."""

    contestant: str
    hops: int
    entry: tuple[str, ...]
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One of those that are compared."""

    id: str
    what: str
    """For the documentation: what it is and how it is set."""
    find: Callable[[Site], Found | Missing]
    deploy: Callable[[Site, Found, int], Deployment]
    max_hops: int = 1


def _here(site: Site) -> Found:
    return Found(sys.executable, __version__)


def _compiled(site: Site) -> Found | Missing:
    python = COMPILED_PYTHON.absolute()
    return Found(str(python), __version__) if python.exists() else Missing("make compiled")


def _direct(site: Site, found: Found, hops: int) -> Deployment:
    return Deployment(DIRECT, hops, site.upstreams, ())


def _nightshift(site: Site, found: Found, hops: int, ours: str = OURS, /, **switches: object) -> Deployment:
    """One balancer; or one with the upstreams, and before it one that has none and hands everything over."""
    names = [f"{ours}-{hops}-{number}" for number in range(hops)]
    recipes: list[Recipe] = []
    behind: tuple[str, str] | None = None
    for one in reversed(names):
        upstreams = () if behind else site.upstreams
        address, fd = site.inherited()
        peers = (behind,) if behind else ()
        config = site.write(f"{one}.json", configs.nightshift(one, upstreams, peers, **switches))
        argv = (
            *(found.command, "-P", "-m", "nightshift", "balancer"),
            *("--config", config, "--fd", str(fd), "--with-parent"),
        )
        expects = {"replicas": len(upstreams), "peers": len(peers)}
        url = f"http://{address}/health"
        recipes.append(Recipe(one, f"balancer {one}", argv, url, _QUICK_S, fds=(fd,), expects=expects))
        behind = (one, address)
    assert behind is not None  # noqa: S101 - hops is at least 1
    return Deployment(OURS, hops, (behind[1],), tuple(recipes))


def _nightshift_compiled(site: Site, found: Found, hops: int) -> Deployment:
    return replace(_nightshift(site, found, hops, COMPILED), contestant=COMPILED)


def _foreign(name: str, argv: tuple[str, ...], url: str, **expects: object) -> Recipe:
    return Recipe(name, name, (*_LAUNCH, *argv), url, _SLOW_S, announces=False, expects=expects)


def _router(package: str, module: tuple[str, ...], warn: str) -> Callable[[Site, Found, int], Deployment]:
    def deploy(site: Site, found: Found, hops: int) -> Deployment:
        address, prometheus = site.reserved(), site.reserved()
        host, _, port = address.rpartition(":")
        argv = (
            *(found.command, "-P", "-m", *module, "--host", host, "--port", port),
            *("--prometheus-host", "127.0.0.1", "--prometheus-port", prometheus.rpartition(":")[2]),
            *("--policy", "cache_aware", "--log-level", warn, "--worker-startup-check-interval", "1"),
            *("--worker-urls", *(f"http://{upstream}" for upstream in site.upstreams)),
        )
        # Ready with one worker of several is not enough: wait for all.
        recipe = _foreign(package, argv, f"http://{address}/readiness", healthy_workers=len(site.upstreams))
        return Deployment(package, hops, (address,), (recipe,))

    return deploy


def _nginx(site: Site, found: Found, hops: int) -> Deployment:
    """One nginx, or several in a row."""
    user = getpass.getuser() if os.geteuid() == 0 else None
    recipes: list[Recipe] = []
    upstreams = site.upstreams
    for number in range(hops):
        name = f"nginx-{hops}-{number}"
        address = site.reserved()
        folder = site.folder / name
        folder.mkdir()
        config = site.write(
            f"{name}.conf", configs.nginx(address, upstreams, str(folder), user, site.connections)
        )
        argv = (found.command, "-p", str(folder), "-e", "stderr", "-c", config)
        recipes.append(_foreign(name, argv, f"http://{address}/nginx-health"))
        upstreams = (address,)
    return Deployment("nginx", hops, upstreams, tuple(recipes))


def _haproxy(site: Site, found: Found, hops: int) -> Deployment:
    address = site.reserved()
    config = site.write("haproxy.cfg", configs.haproxy(address, site.upstreams, site.connections))
    recipe = _foreign(
        "haproxy", (found.command, "-db", "-q", "-f", config), f"http://{address}/haproxy-health"
    )
    return Deployment("haproxy", hops, (address,), (recipe,))


def _litellm(site: Site, found: Found, hops: int) -> Deployment:
    address = site.reserved()
    host, _, port = address.rpartition(":")
    config = site.write("litellm.yaml", orjson.dumps(configs.litellm(MODEL, site.upstreams)).decode())
    argv = (
        # It would fetch a table of prices from GitHub at its start.
        *("env", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR"),
        str(Path(found.command).with_name("litellm")),
        *("--config", config, "--host", host, "--port", port, "--num_workers", "1"),
    )
    return Deployment(
        "litellm", hops, (address,), (_foreign("litellm", argv, f"http://{address}/health/liveliness"),)
    )


def _package(name: str) -> Callable[[Site], Found | Missing]:
    return lambda site: python_package(name, site.venv)


CONTESTANTS: tuple[Contestant, ...] = (
    Contestant(DIRECT, "no proxy: the client at the upstreams", _here, _direct, max_hops=2),
    Contestant(
        OURS,
        "this balancer: selective push, by pending, prefix trees on both layers, decision headers",
        *(_here, _nightshift),
        max_hops=2,
    ),
    Contestant(
        COMPILED,
        "the same, its hot modules compiled by mypyc (`make compiled`)",
        *(_compiled, _nightshift_compiled),
        max_hops=2,
    ),
    Contestant(
        "sglang-router",
        "cache_aware, log level warn",
        _package("sglang-router"),
        _router("sglang-router", ("sglang_router.launch_router",), "warn"),
    ),
    Contestant(
        "smg",
        "cache_aware, log level warn",
        _package("smg"),
        _router("smg", ("smg.cli", "launch"), "warn"),
    ),
    Contestant(
        "vllm-router",
        "cache_aware, log level warning",
        _package("vllm-router"),
        _router("vllm-router", ("vllm_router.launch_router",), "warning"),
    ),
    Contestant(
        "nginx",
        "plain reverse proxy: one process, keep-alive, no buffering, no access log",
        lambda site: system_program("nginx", "nginx-light", "-v"),
        *(_nginx, 2),
    ),
    Contestant(
        "haproxy",
        "plain reverse proxy: one thread, http-reuse always, no log",
        lambda site: system_program("haproxy", "haproxy", "-v"),
        _haproxy,
    ),
    Contestant("litellm", "proxy, one worker, simple-shuffle, no database", _package("litellm"), _litellm),
)


def ours_with(id_: str, what: str, **switches: object) -> Contestant:
    """Return this balancer with other switches; `id_` begins with `nightshift`."""

    def deploy(site: Site, found: Found, hops: int) -> Deployment:
        return replace(_nightshift(site, found, hops, **switches), contestant=id_)

    return Contestant(id_, what, _here, deploy)


def ours_by(processes: int, division: str) -> Contestant:
    """Return this balancer as so many processes behind one port, whose replicas are `own` or `shared`."""
    id_ = f"{OURS}-{processes}-{division}"

    def deploy(site: Site, found: Found, hops: int) -> Deployment:
        address = site.reserved()
        settings = configs.nightshift(id_, site.upstreams)
        config = site.write(f"{id_}.json", {**settings, "port": int(address.rpartition(":")[2])})
        argv = (
            *(found.command, "-P", "-m", "nightshift", "balancer", "--config", config, "--with-parent"),
            *("--processes", str(processes), "--division", division, "--peer-port", "0"),
        )
        recipe = Recipe(
            *(id_, f"balancer {id_}", argv, f"http://{address}/health", _QUICK_S),
            expects={"peers": processes - 1},
        )
        return Deployment(id_, hops, (address,), (recipe,))

    return Contestant(id_, f"{processes} processes, {division} replicas", _here, deploy)


def find_contestants(names: str | None) -> tuple[Contestant, ...]:
    """Return those named (commas between), or all; `direct` always, for it is the reference.

    Raises `UserError` naming the known ones.
    """
    from nightshift.errors import UserError

    if names is None:
        return CONTESTANTS
    wanted = {name for name in names.replace(",", " ").split() if name}
    unknown = sorted(wanted - {contestant.id for contestant in CONTESTANTS})
    if unknown:
        known = ", ".join(contestant.id for contestant in CONTESTANTS)
        raise UserError(f"--only: unknown contestant {unknown[0]!r}; known are {known}")
    return tuple(contestant for contestant in CONTESTANTS if contestant.id in wanted | {DIRECT})
