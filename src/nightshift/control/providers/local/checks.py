"""What can be known before anything is launched. Each raises `UserError` with the cause and the mend."""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from nightshift.control.local.plan import Engine
from nightshift.control.service.spec import LocalEngine, ServiceSpec
from nightshift.errors import UserError
from nightshift.processes import bind

_PROBE_BYTES = 64 * 1024
"""More than the records of a unit take."""


def check_engine(spec: ServiceSpec) -> None:
    """Check that the engine runs on this machine."""
    if not isinstance(spec.engine, LocalEngine):
        raise UserError(f"service {spec.name!r} has a SkyPilot task; it cannot run with the provider local")
    if spec.engine.engine is Engine.LLAMA_CPP:
        from nightshift.backends.llama_cpp.weights import require_wheels

        if spec.engine.speed != 1.0:
            raise UserError("speed is for the emulated engine; a real one runs in real time")
        require_wheels()
    else:
        from nightshift.backends.emulated.options import profile_named

        profile_named(spec.engine.profile)


def check_wan(spec: ServiceSpec) -> None:
    """Check that the WAN knows the way between any two regions of the service."""
    if spec.wan is None:
        return
    from nightshift.wan.matrix import load_matrix

    matrix = load_matrix(spec.wan.matrix)
    for a in spec.regions:
        for b in spec.regions:
            matrix.one_way_s(a, b)


def check_ports(spec: ServiceSpec, own: Collection[str]) -> None:
    """Check that the balancers' ports are free, or one of `own`: those (`host:port`) that its units have."""
    taken: dict[int, str] = {}
    for place in spec.balancers:
        if not place.port:
            continue
        if place.port in taken:
            raise UserError(
                f"port {place.port} is given to {taken[place.port]} and {place.region}; each needs its own"
            )
        taken[place.port] = place.region
        if str(place.port) not in {address.rpartition(":")[2] for address in own}:
            bind(place.host, place.port).close()


def check_folder(folder: Path) -> None:
    """Check that the folder of a service can be written, and that the disk has room for its records."""
    probe = folder / ".probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as error:
        raise UserError(
            f"cannot write in {folder}: {error.strerror}; free it, or choose another state folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
