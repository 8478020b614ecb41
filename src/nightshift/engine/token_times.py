"""When each token of an engine in virtual time came, without a note for each token.

Every sequence of the decode batch gains one token at the end of every step. So two things are noted: each
run of steps, from which the end of every step follows, and the step that completed a request's prompt: its
first token, or after a retraction its next one. Five numbers a run and two a prompt; the times of tokens are
made of them when somebody asks.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nightshift.engine.engine import Step

_RUN = 5


class StepLog:
    """What one engine has done."""

    def __init__(self) -> None:
        self._runs = array("d")
        self._steps = 0
        self._marks: dict[str, list[tuple[int, int]]] = {}

    def ran(self, base_s: float, elapsed_ns: int, step: Step, repeats: int) -> None:
        """Note `repeats` of `step`, the first of which began at `base_s` + `elapsed_ns`."""
        self._runs.extend((base_s, elapsed_ns, step.first_ns, step.growth_ns, repeats))
        self._steps += repeats

    def prefilled(self, request_id: str, token: int) -> None:
        """Note that a request's token of this number, from 1, came at the end of the last step."""
        self._marks.setdefault(request_id, []).append((token, self._steps - 1))

    def times(self, under_way: "StepLog") -> "TokenTimes":
        """Return the times until now; `under_way` has the run that has not ended."""
        return TokenTimes(array("d", _ends_s(self._runs + under_way._runs)), self._marks)


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """The times of an engine's tokens."""

    step_ends_s: "array[float]"
    """When each step ended, in seconds of the engine's clock."""
    marks: Mapping[str, Sequence[tuple[int, int]]]
    """For each request: the number of a token that came of a prefill, and its step; both rising."""

    def steps_of(self, request_id: str, tokens: int) -> list[range]:
        """Return the steps that gave a request its first `tokens` tokens, which it must have.

        One range for each time that it was in the batch: one, unless it was retracted.
        """
        marks = self.marks.get(request_id, ())
        following = [*(token for token, _ in marks[1:]), tokens + 1]
        return [
            range(step, step + after - token) for (token, step), after in zip(marks, following, strict=False)
        ]


def _ends_s(runs: Sequence[float]) -> Iterator[float]:
    """Yield the end of each step, as `VirtualEngine` computes it."""
    for at in range(0, len(runs), _RUN):
        base_s, elapsed_ns, first_ns, growth_ns, repeats = runs[at : at + _RUN]
        for steps in range(1, int(repeats) + 1):
            took_ns = steps * first_ns + growth_ns * (steps * (steps - 1) // 2)
            yield base_s + (elapsed_ns + took_ns) * 1e-9
