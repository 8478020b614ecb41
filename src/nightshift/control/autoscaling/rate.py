"""Requests per second that users send to a service, from its balancers' counters.

Each balancer is read by name. Of its page, `arrived` is `nightshift_requests_total` (all of it) plus
`nightshift_requests_in_progress`: requests that have come, over or not. The total alone would say what the
service manages, and so hide the demand exactly when it is larger. `from_peers` is
`nightshift_peer_requests_total`: requests that another balancer of the service has counted already.
"""

from nightshift.control.autoscaling.window import Window

WINDOW_S = 60.0
"""The original's window for requests per second."""


class RequestRate:
    """See the head of the file."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._balancers: dict[str, tuple[Window, Window]] = {}

    def read(self, now: float, balancer: str, *, arrived: float, from_peers: float = 0.0) -> None:
        """A balancer's counts are these at `now`, since it started; see the head of the file."""
        pair = self._balancers.setdefault(balancer, (Window(self._window_s), Window(self._window_s)))
        # Apart, as their difference may sink while nothing began anew.
        for window, count in zip(pair, (arrived, from_peers), strict=True):
            window.read(now, (count,))

    def forget(self, balancer: str) -> None:
        """The balancer is gone for good. One that only restarts keeps its name and is not forgotten."""
        self._balancers.pop(balancer, None)

    def per_second(self, now: float) -> float | None:
        """Return requests per second over the window, or over what is known of it; None: nothing known."""
        total, since = 0.0, None
        for arrived, from_peers in self._balancers.values():
            grown, peers = arrived.growth(now), from_peers.growth(now)
            begin = arrived.known_since
            if grown and begin is not None:
                total += grown[0] - (peers[0] if peers else 0.0)
                since = begin if since is None else min(since, begin)
        if since is None:
            return None
        return max(0.0, total) / min(self._window_s, now - since)
