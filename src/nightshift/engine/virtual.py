"""The engine in virtual time: the same steps, many at once.

Between two events of its own (a prompt computed, an answer finished, memory short) a batch only
decodes, and the time of k such steps is a sum in closed form. So the cost is per event, not per token.
An arrival or an abort cuts the run short at the end of the step that it falls into, where it takes
effect, as it does live. With `fast=False` every step is done by itself; the results are the same, which
a property test holds.

Time goes forward only: calls must come with non-decreasing `now_s`. A step that ends at `now_s` has
ended.
"""

from dataclasses import dataclass
from enum import Enum

from nightshift.engine.engine import Engine, Outcome, Step
from nightshift.engine.profiles import DeviceProfile
from nightshift.engine.request import EngineRequest
from nightshift.engine.stats import EngineStats
from nightshift.engine.token_times import StepLog, TokenTimes


class Milestone(Enum):
    """What happened to a request."""

    FIRST_TOKEN = "first token"  # noqa: S105 - not a password
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """A milestone of a request, at a time in seconds. `cached_tokens` of its `prompt_tokens` were cached."""

    at_s: float
    milestone: Milestone
    request_id: str
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int


class VirtualEngine:
    """One engine on the caller's clock."""

    def __init__(self, profile: DeviceProfile, *, fast: bool = True, logs_steps: bool = False) -> None:
        """With `logs_steps` it knows afterwards when each token came, and takes memory for that."""
        self._engine = Engine(profile)
        self._fast = fast
        self._log = StepLog() if logs_steps else None
        # The clock of steps: seconds when the engine was last idle, and nanoseconds of steps since.
        self._base_s = 0.0
        self._elapsed_ns = 0
        # The run under way: its step, and how many times it will be done.
        self._step: Step | None = None
        self._repeats = 0
        self._progress: list[Progress] = []

    def submit(self, now_s: float, request: EngineRequest) -> None:
        """Queue a request; raises as `Engine.submit` does."""
        self._run_until(now_s)
        self._engine.submit(request)
        if self._step is None:
            self._base_s, self._elapsed_ns = now_s, 0
            self._begin()
        elif self._engine.will_look:
            self._cut_short(self._step, now_s)

    def abort(self, now_s: float, request_id: str) -> bool:
        """Drop a request; return whether there was one."""
        self._run_until(now_s)
        known = self._engine.abort(request_id)
        if known and self._step is not None:
            self._cut_short(self._step, now_s)
        return known

    def advance(self, now_s: float) -> list[Progress]:
        """Return what happened until `now_s` and was not returned before, in order."""
        self._run_until(now_s)
        progress, self._progress = self._progress, []
        return progress

    @property
    def next_event_s(self) -> float | None:
        """When to call `advance` next; None when idle. A later submit or abort may bring it forward."""
        if self._progress:
            return self._progress[0].at_s
        return None if self._step is None else self._end_s(self._step, self._repeats)

    @property
    def pending(self) -> int:
        """Requests waiting, as of the last call with a time; cheaper than `stats`."""
        return self._engine.pending

    def stats(self, now_s: float) -> EngineStats:
        """Return what the engine reports of itself."""
        self._run_until(now_s)
        return self._engine.stats(0 if self._step is None else self._repeats_by(self._step, now_s))

    def generated(self, now_s: float) -> dict[str, int]:
        """Return the tokens that each request which is not over has got so far."""
        self._run_until(now_s)
        return self._engine.generated(0 if self._step is None else self._repeats_by(self._step, now_s))

    def token_times(self, now_s: float) -> TokenTimes:
        """Return when tokens came, those of the run under way too. Only with `logs_steps`."""
        self._run_until(now_s)
        if self._log is None:
            raise RuntimeError("the steps of this engine were not logged")
        under_way = StepLog()
        if self._step is not None:
            repeats = self._repeats_by(self._step, now_s)
            under_way.ran(self._base_s, self._elapsed_ns, self._step, repeats)
        return self._log.times(under_way)

    def _run_until(self, now_s: float) -> None:
        while self._step is not None:
            end_s = self._end_s(self._step, self._repeats)
            if end_s > now_s:
                return
            if self._log is not None:
                self._log.ran(self._base_s, self._elapsed_ns, self._step, self._repeats)
            self._elapsed_ns += self._step.duration_ns(self._repeats)
            self._note(end_s, self._engine.end_steps(self._repeats))
            self._begin()

    def _begin(self) -> None:
        self._step = self._engine.begin_step()
        if self._step is not None:
            self._repeats = self._step.repeat_limit if self._fast else 1

    def _end_s(self, step: Step, repeats: int) -> float:
        return self._base_s + (self._elapsed_ns + step.duration_ns(repeats)) * 1e-9

    def _cut_short(self, step: Step, now_s: float) -> None:
        """End the run with the step that is under way at `now_s`."""
        self._repeats = self._repeats_by(step, now_s) + 1

    def _repeats_by(self, step: Step, now_s: float) -> int:
        """Return how many steps of the run have ended by `now_s`, at which not all have."""
        low, high = 0, self._repeats
        if step.first_ns:
            # No step is shorter than the first, none longer than one after the last; rounding costs one.
            passed_ns = int((now_s - self._base_s) * 1e9) - self._elapsed_ns
            high = min(high, passed_ns // step.first_ns + 2)
            low = max(low, passed_ns // (step.first_ns + step.growth_ns * high) - 1)
        while high - low > 1:
            middle = (low + high) // 2
            if self._end_s(step, middle) <= now_s:
                low = middle
            else:
                high = middle
        return low

    def _note(self, at_s: float, outcome: Outcome) -> None:
        for sequence in outcome.prefilled:
            if self._log is not None:
                self._log.prefilled(sequence.request.id, sequence.generated)
            if sequence.generated == 1:
                self._append(at_s, Milestone.FIRST_TOKEN, sequence.request, sequence.cached_tokens)
        for sequence in outcome.finished:
            self._append(at_s, Milestone.FINISHED, sequence.request, sequence.cached_tokens)

    def _append(self, at_s: float, milestone: Milestone, request: EngineRequest, cached: int | None) -> None:
        self._progress.append(
            Progress(at_s, milestone, request.id, request.prompt_tokens, cached or 0, request.answer_tokens)
        )
