"""Who is a peer: a request counts as a balancer's, or the controller's, only with the service's secret.

Several secrets may be valid at a time, so that they can be changed without a gap: the first is shown, and
all are accepted. Each is compared in constant time, and all are compared whichever is right.

Where balancers have certificates (`peer_tls`), the connection must have shown one of the service's as well. A
request that claims to be a peer's and cannot prove it is a client's, like any other, and is counted.
"""

from collections.abc import Sequence
from hmac import compare_digest

from nightshift.proxy.decision import PEER, PEER_TOKEN
from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest


class PeerTokens:
    """Checks the secrets. Without one configured nobody is a peer."""

    def __init__(self, tokens: Sequence[str], *, needs_certificate: bool = False) -> None:
        """`needs_certificate`: a token alone, without a certificate of the service, is not enough."""
        self._needs_certificate = needs_certificate
        self.false_claims = 0
        """Requests that called themselves a peer's and were not."""
        self.change(tokens)

    def change(self, tokens: Sequence[str]) -> None:
        """Accept these from now on."""
        self._tokens = [token.encode() for token in tokens]
        self._shown = tokens[0] if tokens else None

    @property
    def shown(self) -> str | None:
        """The secret that this balancer shows to others."""
        return self._shown

    def lines(self, name: str) -> bytes:
        """Return the header lines by which the balancer called `name` shows that it is a peer."""
        return b"%b: %b\r\n%b: %b\r\n" % (PEER, name.encode(), PEER_TOKEN, (self._shown or "").encode())

    def is_right(self, request: HttpRequest, *, certified: bool = False) -> bool:
        """Tell whether the request shows a secret. `certified`: its connection showed a certificate."""
        shown = request.fields.get(PEER_TOKEN)
        if shown is None or (self._needs_certificate and not certified):
            return False
        return self.is_token(shown)

    def is_token(self, shown: bytes) -> bool:
        """Tell whether this is one of the secrets, in a time that does not tell how much of it is."""
        right = False
        for token in self._tokens:
            right |= compare_digest(shown, token)
        return right

    def peer_of(self, request: HttpRequest, *, certified: bool = False) -> str | None:
        """Return the name of the balancer that handed the request over; None for a client's request."""
        name = request.fields.get(PEER)
        if name is None:
            return None
        if not self.is_right(request, certified=certified):
            self.false_claims += 1
            return None
        return name.decode("latin-1")

    def require(self, request: HttpRequest, *, certified: bool = False) -> None:
        """Refuse who does not show a secret."""
        if not self.is_right(request, certified=certified):
            also = ", over a connection with the service's certificate" if self._needs_certificate else ""
            message = f"this needs the service's secret in the header {PEER_TOKEN.decode()}{also}"
            raise ApiError(403, "peer_token", message)
