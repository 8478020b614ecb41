"""What the soak runs: two regions with a WAN between them, good and bad engines in each.

Ports are chosen before anything starts, so that a replica that was killed comes back at the same address,
as one behind a service name does.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from tests.soak.processes import Process, start_balancer, start_engine, start_faulty_engine, start_wan

from nightshift.processes import reserve

REGIONS = ("us-east-2", "eu-central-1")
FAULTS = (
    "reset,close,garbage_status,length_and_coding,big_header,unasked_101,reset_mid_chunk,truncated,"
    "close_after,close_after,says_close,ends_by_closing,with_1xx,error_429,error_500,error_503"
)
"""Of the faulty engines; those that stall wait for the balancer's time limits."""
SHARE = 0.15
LIMITS: dict[str, float] = {"body_bytes": 2**20}
SWITCHES = {"max_queue_s": 20.0, "index_bytes": 4 * 2**20}


@dataclass
class Service:
    """The running processes, by name. Engines can be killed and started again."""

    folder: Path
    processes: dict[str, Process] = field(default_factory=dict)
    balancers: dict[str, Process] = field(default_factory=dict)
    """By region."""
    engines: tuple[str, ...] = ()
    deaths: list[tuple[float, str]] = field(default_factory=list)
    """When which engine was killed."""
    _ports: dict[str, int] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _lives: int = 0

    @property
    def control(self) -> str:
        """The address of the WAN's control API."""
        return str(self.processes["wan"].ready["control"])

    def port(self, name: str) -> int:
        """Return the port that is this one's for the whole run."""
        if name not in self._ports:
            held = self._stack.enter_context(reserve("127.0.0.1", 0))
            self._ports[name] = int(held.getsockname()[1])
        return self._ports[name]

    def start_engine(self, name: str) -> None:
        """Start an engine, for the first time or again."""
        self._lives += 1
        if name.endswith("faulty"):
            arguments = ("--share", str(SHARE), "--faults", FAULTS, "--seed", str(self._lives))
            pace = ("--pause-s", "0.005")
            one = start_faulty_engine(self.folder, name, *arguments, *pace, port=self.port(name))
        else:
            one = start_engine(self.folder, name, port=self.port(name), speed=20.0)
        self.processes[name] = one

    def kill(self, name: str) -> None:
        """End an engine without a word."""
        self.processes[name].kill()
        self.deaths.append((monotonic(), name))

    def end(self) -> dict[str, int]:
        """End everything, balancers first. Return the balancers' exit statuses by region."""
        statuses = {region: one.end() for region, one in self.balancers.items()}
        for process in self.processes.values():
            if process not in self.balancers.values():
                process.end()
        self._stack.close()
        return statuses


def start(folder: Path) -> Service:
    """Start it all."""
    service = Service(folder)
    service.engines = tuple(
        f"{region}-{kind}" for region in REGIONS for kind in ("1", "2", "faulty", "second-faulty")
    )
    try:
        for name in service.engines:
            service.start_engine(name)
        service.processes["wan"] = start_wan(folder, _wan(service))
        for region in REGIONS:
            balancer = start_balancer(folder, _settings(service, region))
            service.processes[f"balancer-{region}"] = service.balancers[region] = balancer
    except BaseException:
        service.end()
        raise
    return service


def _settings(service: Service, region: str) -> dict[str, Any]:
    (peer,) = (other for other in REGIONS if other != region)
    return {
        "name": region,
        "region": region,
        "port": service.port(f"balancer-{region}"),
        "replicas": [
            {"id": name, "address": f"127.0.0.1:{service.port(name)}"}
            for name in service.engines
            if name.startswith(region)
        ],
        "peers": [{"id": peer, "address": f"127.0.0.1:{service.port(f'link-from-{region}')}"}],
        "limits": LIMITS,
        "switches": SWITCHES,
    }


def _wan(service: Service) -> dict[str, Any]:
    return {"links": list(_links(service)), "control": {"listen": "127.0.0.1:0"}, "jitter_ms": 2.0}


def _links(service: Service) -> Iterator[dict[str, str]]:
    for here, there in (REGIONS, REGIONS[::-1]):
        yield {
            "name": f"from-{here}",
            "from": here,
            "to": there,
            "listen": f"127.0.0.1:{service.port(f'link-from-{here}')}",
            "target": f"127.0.0.1:{service.port(f'balancer-{there}')}",
        }
