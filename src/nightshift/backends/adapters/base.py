"""What an adapter is: from what an engine says of its load to a `ReplicaReport`.

Engines differ in the names of their gauges, and versions of one engine do too; so an adapter is mostly a
table of names, newest first. A gauge with several label sets is a data-parallel engine with a line for each
rank. Then

- **counts are summed**: the balancer sends to the engine, not to a rank, and a request that waits at any rank
  means that the engine places them badly or is full;
- **KV use is the largest**: engines hand requests to ranks in turn or by their counts, not by free memory, so
  the next one may well meet the fullest rank. An average would hide a rank that is full behind an idle one.

**What is missing is unknown.** A gauge that the page does not have, or has with a value that is no number,
is None in the report: neither idle nor full. The balancer's own ledger, which is exact for what it sent
itself, decides then. An engine that shows no metrics at all still answers (`no_signal`): it is up, and
reports three unknowns. Only an answer that is not a metrics page, and a server error, are failures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from nightshift.backends.adapters.samples import find, samples
from nightshift.balancing.messages import ReplicaReport
from nightshift.errors import NightshiftError

METRICS_PATH = "/metrics"

UNKNOWN = ReplicaReport(pending=None, running=None, kv_use=None)
"""The report of an engine that answers and says nothing of its load."""

# An engine that answers with one of these is up. 401 and 403: it wants a key for its metrics, which the
# balancer does not have (llama.cpp's `--api-key`; clients bring their own). 404 and 405: no such page (SGLang
# without `--enable-metrics`). 501: llama.cpp without `--metrics`.
_NO_SIGNAL = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)


class MetricsError(NightshiftError):
    """What was read is no metrics page: whoever answers there is no engine, or one in trouble."""


class Adapter(Protocol):
    """Reads what one kind of engine says of its load."""

    @property
    def name(self) -> str:
        """The engine's name in settings."""

    @property
    def metrics_path(self) -> str:
        """Where to ask."""

    def recognises(self, page: bytes) -> bool:
        """Tell whether the page is this engine's."""

    def read(self, page: bytes) -> ReplicaReport:
        """Return what the page says. Raises `MetricsError` if it is no metrics page."""


def no_signal(status: int) -> bool:
    """Tell whether an engine that answers the question for its metrics so is up, but shows none."""
    return status in _NO_SIGNAL


def read_answer(adapter: Adapter, status: int, body: bytes) -> ReplicaReport:
    """Return what an engine's answer to the question for its metrics says.

    Raises `MetricsError` when the engine has not answered well: the replica is not to be used.
    """
    if status == HTTPStatus.OK:
        return adapter.read(body)
    if no_signal(status):
        return UNKNOWN
    raise MetricsError(f"status {status}")


def require_page(page: bytes) -> None:
    """Raise `MetricsError` for a page of HTML: a portal, an error page, the wrong port."""
    if page[:256].lstrip()[:1] == b"<":
        raise MetricsError("the page is HTML and no metrics; is this the engine's address?")


@dataclass(frozen=True, slots=True)
class Gauge:
    """One gauge: its names, newest first, and, where several gauges share a name, the label that tells it.

    `rank` is the label that numbers the data-parallel ranks, if lines that differ in other labels speak of
    the same requests: of those with one rank the largest counts.
    """

    names: Sequence[bytes] = ()
    label: bytes = b""
    rank: bytes = b""

    def find(self, page: bytes, near: int = 0) -> tuple[bytes, int]:
        """Return the first of the names that the page has, and where; -1 if it has none."""
        for name in self.names:
            at = find(page, name, near)
            if at >= 0:
                return name, at
        return b"", -1

    def values(self, page: bytes, name: bytes, at: int) -> list[float] | None:
        """Return one value for each rank; None if the page does not say, or not for all."""
        read = list(samples(page, name, at))
        if self.label:
            read = [sample for sample in read if _has(sample.labels, self.label)]
        by_rank: dict[bytes | int, float] = {}
        for number, (labels, value) in enumerate(read):
            if value is None:
                return None
            rank = _label(labels, self.rank) if self.rank else number
            by_rank[rank] = max(value, by_rank.get(rank, 0.0))
        return list(by_rank.values()) or None


def _has(labels: bytes, text: bytes) -> bool:
    """Tell whether a label begins so. The quotes in a label's value are escaped, and cannot look like one."""
    return b"{" + text in labels or b"," + text in labels


def _label(labels: bytes, name: bytes) -> bytes:
    """Return the value of a label that is a number, or nothing if there is no such label."""
    if not _has(labels, name + b'="'):
        return b""
    begins = b"," + name + b'="'
    return labels.replace(b"{", b",", 1).partition(begins)[2].partition(b'"')[0]


class EngineAdapter(Adapter, Protocol):
    """The adapter of one kind of engine, which has names for its gauges."""

    @property
    def pending(self) -> Gauge:
        """Requests that wait in the engine."""

    @property
    def running(self) -> Gauge:
        """Requests in its batch."""

    @property
    def kv_use(self) -> Gauge:
        """Share of its KV memory in use; without names where the engine has no such gauge."""


@dataclass(frozen=True, slots=True)
class GaugeNames:
    """An adapter that needs no more than three gauges, and the beginning of the engine's own names."""

    name: str
    prefixes: Sequence[bytes]
    pending: Gauge
    running: Gauge
    kv_use: Gauge = Gauge()
    metrics_path: str = METRICS_PATH

    def recognises(self, page: bytes) -> bool:
        """See `Adapter.recognises`."""
        return any(page.startswith(prefix) or b"\n" + prefix in page for prefix in self.prefixes)

    def read(self, page: bytes) -> ReplicaReport:
        """See `Adapter.read`."""
        require_page(page)
        name, at = self.pending.find(page)
        pending = self.pending.values(page, name, at)
        name, beside = self.running.find(page, at)
        running = self.running.values(page, name, beside)
        name, beside = self.kv_use.find(page, max(at, beside))
        shares = self.kv_use.values(page, name, beside)
        share = max(shares) if shares else None
        return ReplicaReport(
            pending=None if pending is None else round(sum(pending)),
            running=None if running is None else round(sum(running)),
            kv_use=share if share is not None and share <= 1 else None,  # above 1 it is no share
        )
