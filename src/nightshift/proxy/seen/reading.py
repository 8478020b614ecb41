"""What is asked of the balancer when somebody looks: the gauges, read at the moment of a scrape.

The server makes a `Reading` each time; nobody keeps these numbers up to date in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nightshift.proxy.seen.metrics import TargetKind


@dataclass(frozen=True, slots=True)
class TargetReading:
    """One replica or peer. None: not known, and then not shown (neither idle nor full)."""

    kind: TargetKind
    id: str
    region: str
    state: str
    outstanding: int = 0
    report_age_s: float | None = None
    rtt_s: float | None = None
    pending: int | None = None
    """Requests that wait there: in an engine, or in a peer's queue."""
    running: int | None = None
    kv_use: float | None = None


@dataclass(frozen=True, slots=True)
class IndexReading:
    """One prefix index. `layer` says what it chooses among: `replicas` or `peers`."""

    layer: str
    used_bytes: int
    budget_bytes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """See the head of the file."""

    states: Sequence[str]
    """Every state that a target can be in: each target shows 1 for its own, 0 for the others."""
    targets: Sequence[TargetReading] = ()
    indexes: Sequence[IndexReading] = ()
    in_progress: int = 0
    queue_length: int = 0
    queue_limit: int = 0
    connections_open: int = 0
    draining: bool = False
    retries_left: float | None = None
    false_claims: int = 0
    """Requests since the start that called themselves a peer's and were not."""
    facts: dict[str, str] = field(default_factory=dict)
    """Labels of `nightshift_build_info`: version, region, balancer."""
