"""Who is a peer: a request counts as a balancer's, or the controller's, only with the service's secret."""

import hmac

from nightshift.proxy.decision import PEER, PEER_TOKEN
from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest


class PeerTokens:
    """Checks the secret. Without one configured nobody is a peer."""

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()

    def is_right(self, request: HttpRequest) -> bool:
        """Tell whether the request shows the secret; in constant time."""
        shown = request.fields.get(PEER_TOKEN)
        return self._token is not None and shown is not None and hmac.compare_digest(shown, self._token)

    def peer_of(self, request: HttpRequest) -> str | None:
        """Return the name of the balancer that handed the request over; None for a client's request."""
        name = request.fields.get(PEER)
        return name.decode("latin-1") if name is not None and self.is_right(request) else None

    def require(self, request: HttpRequest) -> None:
        """Refuse who does not show the secret."""
        if not self.is_right(request):
            message = f"this needs the service's secret in the header {PEER_TOKEN.decode()}"
            raise ApiError(403, "peer_token", message)
