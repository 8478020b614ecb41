"""A target, and what of its name and address goes into headers."""

import ssl
from typing import Final

from nightshift.proxy.fields import INTERNAL_PREFIX
from nightshift.proxy.settings import host_and_port

REPLICA: Final = INTERNAL_PREFIX + b"replica"
SERVED_BY: Final = INTERNAL_PREFIX + b"served-by"


class Endpoint:
    """A replica or a peer, and where it listens. `host` is what goes into the Host header.

    With `tls`, connections are encrypted and the name in `address` is what its certificate must be for.
    Never changed; a plain class for the reason that `balancing/messages.py` tells.
    """

    __slots__ = ("address", "authorization", "host", "id", "lines", "region", "tls")

    def __init__(
        self,
        id: str,  # noqa: A002 - what it is called everywhere
        region: str,
        address: tuple[str, int],
        host: bytes,
        *,
        tls: ssl.SSLContext | None = None,
        authorization: bytes = b"",
    ) -> None:
        self.id = id
        self.region = region
        self.address = address
        self.host = host
        self.tls = tls
        self.authorization = authorization
        """A header line that this target is shown, in place of a client's."""
        self.lines = b"%b: %b\r\n%b: %b\r\n" % (REPLICA, id.encode(), SERVED_BY, region.encode())
        """The header lines by which its answers name it."""

    @staticmethod
    def at(
        id_: str,
        region: str,
        address: str,
        tls: ssl.SSLContext | None = None,
        authorization: str | None = None,
    ) -> "Endpoint":
        """Return the endpoint at an address that the settings have checked."""
        host, port = host_and_port(address)
        literal = f"[{host}]" if ":" in host else host
        line = b"" if authorization is None else b"authorization: %b\r\n" % authorization.encode()
        shown = f"{literal}:{port}".encode()
        return Endpoint(id_, region, (host, port), shown, tls=tls, authorization=line)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Endpoint) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Endpoint(id={self.id!r}, region={self.region!r}, address={self.address!r})"

    def _facts(self) -> tuple[str, str, tuple[str, int], bytes, ssl.SSLContext | None, bytes]:
        return self.id, self.region, self.address, self.host, self.tls, self.authorization
