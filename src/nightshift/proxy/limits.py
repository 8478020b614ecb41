"""What a client, or an upstream, may take at most: every limit with its name and its default.

Times are in real seconds. What happens at each limit, with the status that a client gets, is in one table:
docs/reference/limits.md.
"""

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Settings that refuse what they do not know and do not change. Errors do not quote what was wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Limits(Strict):
    """The status behind each is what a client gets."""

    header_bytes: int = Field(default=65_536, gt=0)
    """Request line and headers of a request: 431. Of a response: 502."""
    header_count: int = Field(default=100, gt=0)
    """Header lines of a request: 431."""
    target_bytes: int = Field(default=8_192, gt=0)
    """The target in a request line: 414."""
    body_bytes: int = Field(default=64 * 2**20, gt=0)
    """Body of a request: 413."""
    pipelined_bytes: int = Field(default=2**20, gt=0)
    """Bytes that may wait behind a request in progress; more are lost, and the connection closes after it."""
    connections: int = Field(default=32_768, gt=0)
    """Open connections of clients: 503 to one more, which is closed."""
    connections_per_client: int = Field(default=8_192, gt=0)
    """Open connections from one address: 429 to one more, which is closed."""
    header_s: float = Field(default=15.0, gt=0)
    """Time from the first byte of a request to the end of its head: 408."""
    body_s: float = Field(default=60.0, gt=0)
    """Time from the head of a request to the end of its body: 408."""
    idle_s: float = Field(default=75.0, gt=0)
    """Time that a client's connection may stay open without a request; then it is closed."""
    connect_s: float = Field(default=5.0, gt=0)
    """Time to connect to a target; then another is tried."""
    first_byte_s: float = Field(default=300.0, gt=0)
    """Time from sending a request to the first content of the answer; then another target is tried: 504."""
    between_chunks_s: float = Field(default=120.0, gt=0)
    """Time between two blocks of an answer: the stream ends with an error event."""
    total_s: float = Field(default=3_600.0, gt=0)
    """The deadline of a request, from its arrival at the first balancer to the end of its answer: 504."""
    write_stall_s: float = Field(default=60.0, gt=0)
    """Time in which a client takes nothing of what is sent to it; then it is cut off."""
    drain_s: float = Field(default=300.0, gt=0)
    """Time that running requests get when the balancer drains; then they are cut off."""
    write_buffer_bytes: int = Field(default=65_536, gt=0)
    """Bytes unsent to a slow reader above which its upstream is not read any more."""
    hold_bytes: int = Field(default=65_536, gt=0)
    """Bytes of an answer held back until its first content; then they are sent."""
    hold_s: float = Field(default=30.0, gt=0)
    """Time for which what came ahead of the first content is held back; then it is sent."""
    held_bytes: int = Field(default=2**30, gt=0)
    """Bodies of all requests that may still have to be sent, or sent again: 503 to one more."""
    idle_connections: int = Field(default=256, ge=0)
    """Connections kept open to each target while unused."""
    probe_s: float = Field(default=2.0, gt=0)
    """Time for a replica's metrics or a peer's state; then it counts as not reachable."""
    linger_s: float = Field(default=1.0, gt=0)
    """Time to read on after a refusal, so that the client gets to read it before the connection closes."""
