"""Orders as SkyPilot tasks. Pure: an order goes in, the content of a task's YAML comes out.

Whatever may be secret (a balancer's settings, the environment) travels as SkyPilot's `secrets`, which it
shows to nobody, and never in the text of a command.
"""

import shlex
from collections.abc import Mapping
from typing import Any

import orjson

from nightshift.control.providers.base import Balancing, Kind, Order, ProviderError, Routing
from nightshift.control.providers.skypilot.files import only_ours, taken_along
from nightshift.control.providers.skypilot.source import Source, setup_commands
from nightshift.control.service.spec import SkyTask

PORT, ADMIN_PORT = 8000, 9480
CONFIG = "NIGHTSHIFT_BALANCER_CONFIG"
PORT_VARIABLE = "NIGHTSHIFT_PORT"
"""In a task's plain environment: SkyPilot keeps that, so a unit whose record was lost has its port again."""
_MOST_BYTES = 120_000
"""Linux takes no more than 128 KiB in one variable."""
_RUN_BALANCER = f"""\
set -e
umask 077
cd ~
mkdir -p .nightshift
printenv {CONFIG} > .nightshift/balancer.json
unset {CONFIG}
ulimit -n "$(ulimit -Hn)"
exec .nightshift/venv/bin/nightshift balancer --config .nightshift/balancer.json
"""


def task_of(order: Order, source: Source) -> dict[str, Any]:
    """Return the task of an order. Raises `ProviderError` for a program that runs on no cloud."""
    program = order.program
    if isinstance(program, SkyTask):
        task = _engine(order, program)
    elif isinstance(program, Balancing):
        task = _balancer(order, program, source)
    elif isinstance(program, Routing):
        task = _command(order, program, source)
    else:
        raise ProviderError(
            f"{order.name}: an engine of this machine runs on no cloud; "
            "give the service `setup` and `run`, or use the provider `local`",
            permanent=True,
        )
    port = port_of(order)
    task["envs"] = {PORT_VARIABLE: str(port)} if port else {}
    return {"name": order.name} | {key: value for key, value in task.items() if value}


def port_of(order: Order) -> int | None:
    """Return the port at which the unit is asked; None if it is not."""
    if isinstance(order.program, Balancing):
        return PORT
    return getattr(order.program, "port", None) or None


def _engine(order: Order, program: SkyTask) -> dict[str, Any]:
    task = {key: value for key, value in program.task.items() if key not in ("service", "envs")}
    shared = task.get("resources")
    shared = dict(shared) if isinstance(shared, Mapping) else {}
    for key in ("ordered", "any_of"):
        shared.pop(key, None)
    task["resources"] = _resources(shared | dict(order.resources), [program.port])
    task["secrets"] = _secrets(task.get("secrets")) | dict(order.envs)
    return task


def _balancer(order: Order, program: Balancing, source: Source) -> dict[str, Any]:
    settings, mounts = taken_along(program.settings)
    settings |= {"host": "0.0.0.0", "port": PORT, "admin": {"host": "0.0.0.0", "port": ADMIN_PORT}}
    config = orjson.dumps(settings).decode()
    if len(config) > _MOST_BYTES:
        raise ProviderError(
            f"{order.name}: its settings have {len(config):,} bytes, and {_MOST_BYTES:,} can be sent; "
            "move keys into a `keys_file`",
            permanent=True,
        )
    return {
        "resources": _resources(_small_machine(order.resources), [PORT, ADMIN_PORT]),
        "file_mounts": source.mounts | mounts,
        "secrets": dict(order.envs) | {CONFIG: config},
        "setup": "\n".join([*only_ours(mounts), setup_commands(source)]),
        "run": _RUN_BALANCER,
    }


def _command(order: Order, program: Routing, source: Source) -> dict[str, Any]:
    """A router of somebody else's, or a client of the benchmark."""
    is_client = order.kind is Kind.CLIENT
    argv = [part.replace("{host}", "0.0.0.0").replace("{port}", str(program.port)) for part in program.argv]
    setup = [setup_commands(source, "bench")] if is_client else ["set -e"]
    resources = {"cpus": "8+", **order.resources} if is_client else _small_machine(order.resources)
    return {
        "resources": _resources(resources, [program.port] if program.port else []),
        "file_mounts": source.mounts if is_client else {},
        "secrets": dict(order.envs),
        "setup": "\n".join([*setup, program.setup]),
        "run": f'export PATH="$HOME/.nightshift/venv/bin:$HOME/.local/bin:$PATH"\nexec {shlex.join(argv)}\n',
    }


def _small_machine(resources: Mapping[str, object]) -> dict[str, object]:
    if any(resources.get(key) for key in ("instance_type", "cpus", "memory", "accelerators")):
        return dict(resources)
    is_aws = cloud_of(resources) == "aws"
    return {**resources, **({"instance_type": "m6i.large"} if is_aws else {"cpus": "2+"})}


def cloud_of(resources: Mapping[str, object]) -> str | None:
    """Return the cloud of resources, in lower case, by SkyPilot's name; None if they name none."""
    infra = str(resources.get("infra") or "").partition("/")[0]
    cloud = str(resources.get("cloud") or infra).lower()
    return {"k8s": "kubernetes", "": None, "*": None}.get(cloud, cloud)


def _resources(resources: Mapping[str, object], ports: list[int]) -> dict[str, object]:
    there = resources.get("ports")
    given = there if isinstance(there, list) else [] if there is None else [there]
    opened = list(dict.fromkeys([str(port) for port in given] + [str(port) for port in ports]))
    kept = {key: value for key, value in resources.items() if key != "ports" and value is not None}
    return kept | ({"ports": opened} if opened else {})


def _secrets(secrets: object) -> dict[str, Any]:
    """SkyPilot also takes a list: names of secrets that its server keeps."""
    if isinstance(secrets, list):
        return dict.fromkeys(map(str, secrets))
    return dict(secrets) if isinstance(secrets, Mapping) else {}
