"""Which services may stand beside each other: no two of them on one port of this machine."""

from collections.abc import Iterable

from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import UserError

_EVERYWHERE = ("0.0.0.0", "::", "")


def check_ports(spec: ServiceSpec, others: Iterable[ServiceSpec]) -> None:
    """Raise `UserError` when a port of `spec` is one that another service was promised.

    The other may not listen yet, or not just now, when its balancer is being replaced.
    """
    for other in others:
        for theirs in other.balancers:
            for ours in spec.balancers:
                alike = ours.host == theirs.host or {ours.host, theirs.host} & {*_EVERYWHERE}
                if ours.port and ours.port == theirs.port and alike:
                    raise UserError(
                        f"cannot listen on {ours.host}:{ours.port}: port {ours.port} is that of service "
                        f"{other.name!r}; choose another port, or end that service"
                    )
