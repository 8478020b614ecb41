"""A replica in virtual time: the engine model on the schedule, and who waits for its answers."""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.balancing.messages import ReplicaReport
from nightshift.engine.profiles import DeviceProfile
from nightshift.engine.request import EngineRequest
from nightshift.engine.token_times import TokenTimes
from nightshift.engine.virtual import Milestone, VirtualEngine
from nightshift.simulate.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Answering:
    """Who is told what, at the replica's place: `first` with the cached tokens, then `finished`."""

    first: Callable[[int], None]
    finished: Callable[[], None]


class SimReplica:
    """One engine."""

    def __init__(
        self, id_: str, region: str, profile: DeviceProfile, schedule: Schedule, *, logs_steps: bool = False
    ) -> None:
        self.id = id_
        self.region = region
        self.on_news: list[Callable[[], None]] = []
        """Called when a request has come, and when the number of pending ones is another than before."""
        self._engine = VirtualEngine(profile, logs_steps=logs_steps)
        self._schedule = schedule
        self._answering: dict[str, Answering] = {}
        self._pending = 0
        self._wake_at: float | None = None

    def submit(self, request: EngineRequest, answering: Answering) -> None:
        """Give the engine a request now. Raises what `Engine.submit` raises."""
        self._engine.submit(self._schedule.now, request)
        self._answering[request.id] = answering
        self._look()
        self._tell()  # a report now says that the request has come, even if none is pending

    def report(self) -> ReplicaReport:
        """What a probe reads now."""
        stats = self._engine.stats(self._schedule.now)
        return ReplicaReport(stats.pending, stats.running, stats.kv_use)

    def generated(self) -> dict[str, int]:
        """Return the tokens that each request here has got so far."""
        return self._engine.generated(self._schedule.now)

    def token_times(self) -> TokenTimes:
        """Return when each token came here; only with `logs_steps`."""
        return self._engine.token_times(self._schedule.now)

    def _wake(self, due: float) -> None:
        if due == self._wake_at:
            self._wake_at = None
            self._look()

    def _look(self) -> None:
        """Pass on what has happened, and see to it that somebody looks when something happens next."""
        for progress in self._engine.advance(self._schedule.now):
            if progress.milestone is Milestone.FIRST_TOKEN:
                self._answering[progress.request_id].first(progress.cached_tokens)
            else:
                self._answering.pop(progress.request_id).finished()
        self._tell_if_pending_changed()
        due = self._engine.next_event_s
        if due is not None and due != self._wake_at:
            self._wake_at = due
            self._schedule.at(due, lambda: self._wake(due))

    def _tell_if_pending_changed(self) -> None:
        pending = self._engine.pending  # as of now: `advance` came before
        if pending != self._pending:
            self._pending = pending
            self._tell()

    def _tell(self) -> None:
        for told in self.on_news:
            told()
