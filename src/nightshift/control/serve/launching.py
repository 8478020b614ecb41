"""Reading what is to be launched, and showing it: before (the plan) and after (the endpoints)."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import typer

from nightshift.control.autoscaling import policy_text
from nightshift.control.controller.places import Places
from nightshift.control.serve.pausing import pause
from nightshift.control.serve.screen import Screen
from nightshift.control.service.envs import parse_env_flags
from nightshift.control.service.read import read_spec
from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import UserError

_FOLLOW_S = 0.3

_PUSH = "DO_PUSHING_ACROSS_LB=true"
SYSTEMS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    (_PUSH,),
    (_PUSH, "DO_PUSHING_TO_REPLICA=true"),
    (_PUSH, "LB_PUSHING_ENABLE_LB=false"),
)
"""What the benchmark's script gives each of its six services by `--env`."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for, read and checked."""

    spec: ServiceSpec
    text: str = field(repr=False)
    envs: Mapping[str, str] = field(repr=False)
    notes: tuple[str, ...]
    source: str
    """Where the file lies: what it names is seen from there, also by the controller."""

    @property
    def name(self) -> str:
        """The service's name."""
        return self.spec.name


def read(file: Path, name: str | None, env: Sequence[str], environ: Mapping[str, str]) -> Order:
    """Read a service file with the values of `--env`. Raises `UserError`."""
    envs = parse_env_flags(env, environ)
    found = read_spec(file, name=name, envs=envs)
    return Order(found.spec, file.read_text(encoding="utf-8-sig"), envs, found.notes, str(file.absolute()))


def show_plan(screen: Screen, order: Order) -> None:
    """Print what would be launched."""
    spec = order.spec
    replicas = Counter(spec.place_of(number).region for number in range(1, spec.scaling.least + 1))
    if screen.as_json:
        screen.show_json(_plan(spec, replicas))
        return
    screen.say(f"Service {spec.name} on {spec.provider}, system {spec.system}")
    screen.say(f"  {policy_text(spec.scaling)}")
    for region in spec.regions:
        balancers = [b for b in spec.balancers if b.region == region]
        parts = [f"{replicas[region]} replica{'s' if replicas[region] != 1 else ''}"]
        parts += [f"load balancer{f' on port {b.port}' if b.port else ''}" for b in balancers]
        screen.say(f"  {region:20} {', '.join(parts)}")
    if spec.hosted_zone:
        screen.say(f"  DNS: {spec.name}.{spec.hosted_zone}, latency records in Route53")


def _plan(spec: ServiceSpec, replicas: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "provider": spec.provider.value,
        "system": spec.system,
        "replicas": dict(replicas),
        "autoscaling_policy": policy_text(spec.scaling),
        "load_balancers": [{"region": b.region, "port": b.port, "added": b.added} for b in spec.balancers],
        "hosted_zone": spec.hosted_zone,
    }


def show_ready(screen: Screen, view: Mapping[str, Any]) -> None:
    """Print the endpoints of a service that is up, and how to ask the first."""
    if screen.as_json:
        screen.show_json(view)
        return
    screen.say(f"{view['name']} is ready, version {view['version']}")
    for region, endpoint in view["endpoints"].items():
        screen.say(f"  {region:20} {endpoint}/v1")
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 20}
    first = next(iter(view["endpoints"].values()), None)
    if first is not None:
        screen.say(f"\ncurl {first}/v1/chat/completions -d {shlex.quote(orjson.dumps(body).decode())}\n")
    screen.say(f"`nightshift serve status {view['name']} -v` shows its load, `serve down` ends it.")


def show_controller_log(*, follow: bool) -> None:
    """Print the controller's log, and with `follow` what comes, until Ctrl-C."""
    path = Places.usual().log
    try:
        log = path.open("rb")
    except OSError as error:
        raise UserError(f"the controller has no log at {path}: {error.strerror}") from error
    out = typer.get_binary_stream("stdout")
    with log:
        while True:
            piece = log.read()
            out.write(piece)
            out.flush()
            if not follow:
                return
            if not piece:
                pause(_FOLLOW_S)
