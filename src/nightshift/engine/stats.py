"""What an engine tells of itself."""

from dataclasses import dataclass


@dataclass(slots=True)
class Totals:
    """Counts since the start. A request's prompt is counted when it is first admitted."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    retractions: int = 0
    finished: int = 0
    aborted: int = 0


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot.

    `kv_used_tokens` is what running sequences hold, in whole blocks; the rest of the capacity is free or
    holds prefixes that may be evicted.
    """

    pending: int
    running: int
    kv_used_tokens: int
    kv_capacity_tokens: int
    totals: Totals

    @property
    def kv_use(self) -> float:
        """Share of the KV memory in use, 0 to 1."""
        return self.kv_used_tokens / self.kv_capacity_tokens
