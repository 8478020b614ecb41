"""When a chunk that sets out now arrives: propagation, jitter and serialisation. Pure, no clock.

For chunk i of a flow (one direction of one connection), with arrival time t and size n:

    due(i) = max(t + delay + jitter(i), due(i - 1)) + n / bandwidth

so order is kept, nothing is earlier than the delay, and between any two deliveries no more bytes come
out than the bandwidth allows: jitter cannot bunch chunks into a burst above it. Without jitter this
equals a queue in front of the fibre.

Bandwidth belongs to the flow, not to the pair of regions. Between cloud regions what limits is the cap
and the window of the single TCP connection (EC2 caps one flow at 5 Gb/s); the pair's capacity is far
above what text of language models needs. A limit shared by the connections of a link is not modelled.

Jitter is added, never subtracted, as the delay is a floor set by distance: |N(0, jitter)|, cut off at
three times `jitter`. A relay of byte streams cannot lose anything; what a receiver sees of a lost segment it
can do: the chunk comes a retransmission later (a round trip, and the 200 ms that Linux waits at least before
it), and all behind it with it. TCP's slow start is not modelled.
"""

import math
import random
from dataclasses import dataclass

_WINDOW_MIN_BYTES = 256 * 1024  # one read of uvloop
_WINDOW_MAX_BYTES = 4 * 1024 * 1024  # Linux's default bound of a send buffer (tcp_wmem)
_JITTER_CUT = 3.0
RETRANSMIT_S = 0.2
"""Linux's least time before it sends a segment again (TCP_RTO_MIN), beyond the round trip."""


@dataclass(frozen=True, slots=True)
class Path:
    """What one direction between two regions does to a flow. Times in seconds."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = math.inf
    loss: float = 0.0
    """Share of the chunks that come later by `stall_s`."""
    stall_s: float = 0.0

    def faster(self, speed: float) -> "Path":
        """Return this path when time runs `speed` times faster."""
        times = self.delay_s / speed, self.jitter_s / speed
        return Path(*times, self.bytes_per_s * speed, self.loss, self.stall_s / speed)

    @property
    def window_bytes(self) -> int:
        """Bytes that a flow may have under way: bandwidth x round trip, within 256 KiB and 4 MiB."""
        if self.delay_s == 0:
            return _WINDOW_MIN_BYTES
        product = self.bytes_per_s * 2 * self.delay_s
        return int(min(max(product, _WINDOW_MIN_BYTES), _WINDOW_MAX_BYTES))


class DelayLine:
    """The delivery times of one flow. Same `rng` state and calls, same times."""

    __slots__ = ("_last_due_s", "_path", "_rng")

    def __init__(self, path: Path, rng: random.Random) -> None:
        self._path = path
        self._rng = rng
        self._last_due_s = -math.inf

    def due_s(self, now_s: float, size_bytes: int) -> float:
        """Return when a chunk of `size_bytes` that arrives at `now_s` is delivered."""
        path = self._path
        earliest = now_s + path.delay_s
        if path.jitter_s:
            earliest += min(abs(self._rng.gauss(0, path.jitter_s)), _JITTER_CUT * path.jitter_s)
        if path.loss and self._rng.random() < path.loss:
            earliest += path.stall_s
        due = max(earliest, self._last_due_s) + size_bytes / path.bytes_per_s
        self._last_due_s = due
        return due

    def restart(self, now_s: float) -> None:
        """Forget what was to be delivered after `now_s`: it will be sent again."""
        self._last_due_s = min(self._last_due_s, now_s)
