"""Where a unit listens, told by its cluster alone: for a unit whose record was lost."""

from collections.abc import Mapping
from typing import Any

import yaml

from nightshift.control.providers.base import Kind
from nightshift.control.providers.skypilot.tasks import PORT, PORT_VARIABLE


def port_there(kind: Kind, cluster: Any) -> int | None:  # noqa: ANN401 - SkyPilot's answer
    """Return the port of a unit: what its task says, else the only one that was opened, else None."""
    if kind is Kind.BALANCER:
        return PORT
    return _said(cluster.get("last_creation_yaml")) or _opened(cluster.get("handle"))


def _said(task: object) -> int | None:
    """Read it from the task that made the cluster; what cannot be read says nothing."""
    try:
        content = yaml.safe_load(task) if isinstance(task, str) else None
    except yaml.YAMLError:
        return None
    envs = content.get("envs") if isinstance(content, Mapping) else None
    return _number(envs.get(PORT_VARIABLE)) if isinstance(envs, Mapping) else None


def _opened(handle: object) -> int | None:
    ports = getattr(getattr(handle, "launched_resources", None), "ports", None) or []
    return _number(ports[0]) if len(ports) == 1 else None


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None
