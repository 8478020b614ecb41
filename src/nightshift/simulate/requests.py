"""A request on its way, and what is known of it in the end."""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.balancing.messages import PromptKey, Reject
from nightshift.engine.request import EngineRequest


@dataclass(slots=True)
class Served:
    """What the client saw of one request; times in seconds of virtual time."""

    id: str
    region: str
    user: int
    sent: float
    input_tokens: int
    output_tokens: int
    first: float | None = None
    end: float | None = None
    cached_tokens: int = 0
    failed: str | None = None
    balancer: str = ""
    replica: str = ""
    served_by: str = ""
    hops: int = 0
    queued_s: float = 0.0
    matched: float = 0.0
    """The share of the prompt that the balancer which placed it believed to be cached there."""
    program_id: str = ""
    scheduled: float | None = None
    """Open loop: when it was due."""
    turn: int = 0
    hash_key: str = ""
    prompt_bytes: int = 0
    """Bytes of content that were sent."""
    over: float | None = None
    """When the client knew how it ended, well or not."""

    @property
    def ttft_s(self) -> float | None:
        """Seconds from sending to the first token."""
        return None if self.first is None else self.first - self.sent

    @property
    def e2e_s(self) -> float | None:
        """Seconds from sending to the last token."""
        return None if self.end is None else self.end - self.sent


@dataclass(frozen=True, slots=True)
class Travelling:
    """A request between two places. What it calls carries news one step back towards the client."""

    served: Served
    prompt: PromptKey
    hash_key: str | None
    work: EngineRequest
    first: Callable[[], None]
    finished: Callable[[], None]
    refused: Callable[[Reject], None]
    """Instead of the other two: it was placed nowhere."""
    regions: frozenset[str] | None = None
    """The only regions that may serve it; None: any may."""
