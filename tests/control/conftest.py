"""Stand-ins for the processes of a fleet, so that its life can be tested without them."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from nightshift.balancing.switches import Switches
from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.plan import FleetPlan, RegionPlan, WanPlan
from nightshift.control.local.recipes import Programs

# Answers 200 with its own command line to everything, on an inherited or a new socket; ends on SIGTERM.
_STAND_IN = """
import http.server, json, os, signal, socket, sys
sys.path.insert(0, {source!r})
from nightshift.processes import announce_ready, die_with_parent

def flag(name, default=None):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default

die_with_parent()
manner = sys.argv[1]
if manner == "dies":
    sys.stderr.write("first line\\nno such device\\n")
    sys.exit(3)
if manner == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif manner == "silent":
    signal.pause()
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    def do_GET(self):
        if self.path == "/die":
            sys.stderr.write("told to die\\n")
            sys.stderr.flush()
            os._exit(7)
        self.send_response(200)
        self.end_headers()
        facts = {{"argv": sys.argv, "healthy_workers": 3}}
        if "--config" in sys.argv:
            config = json.load(open(flag("--config")))
            facts |= {{"replicas": len(config["replicas"]), "peers": len(config["peers"])}}
        self.wfile.write(json.dumps(facts).encode())
    def log_message(self, *_):
        pass

spec = {{}}
if manner == "wan":
    spec = json.load(open(sys.argv[2]))
fd = flag("--fd") or (spec.get("control") or {{}}).get("fd")
server = http.server.HTTPServer(("127.0.0.1", int(flag("--port", 0))), Answer, bind_and_activate=fd is None)
if fd is not None:
    server.socket = socket.socket(fileno=int(fd))
announce_ready(address="%s:%s" % server.socket.getsockname()[:2])
server.serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """Make the command of a stand-in of some manner: serves, dies, stubborn, silent, wan."""
    script = tmp_path / "stand_in.py"
    script.write_text(_STAND_IN.format(source=str(Path(__file__).parents[2] / "src")))
    return lambda manner: (sys.executable, str(script), manner)


@pytest.fixture
def programs(stand_in: Callable[[str], tuple[str, ...]]) -> Programs:
    serves = stand_in("serves")
    return Programs(
        emulated=serves,
        llama_cpp=serves,
        balancer=serves,
        wan=stand_in("wan"),
        routers=dict.fromkeys(ExternalRouter, serves),
    )


PlanOf = Callable[..., FleetPlan]


@pytest.fixture
def plan_of(tmp_path: Path) -> PlanOf:
    """Make a plan of some regions: `plan_of({"us-east-2": 2, "ap-northeast-1": 1}, across=...)`."""

    def plan(
        regions: dict[str, int], *, ports: Iterable[int] = (), wan: bool = True, **rest: object
    ) -> FleetPlan:
        given = [*ports, *[0] * len(regions)]
        return FleetPlan(
            name="test",
            regions=tuple(
                RegionPlan(name, replicas, port=port)
                for (name, replicas), port in zip(regions.items(), given, strict=False)
            ),
            wan=WanPlan("aws-2025-05-29") if wan else None,
            log_dir=tmp_path / "logs",
            **{"routing": Switches(), **rest},  # type: ignore[arg-type]  # the tests name fields of FleetPlan
        )

    return plan
