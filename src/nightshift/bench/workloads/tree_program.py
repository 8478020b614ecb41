"""A tree of thoughts as a program: four steps, each asked several times of each answer before it.

The steps are four user turns of one chat: plan, carry out, judge, conclude. After each answer the chat is
continued `branches` times with the same prompt, so that siblings share everything but what they are answered,
and all nodes share the question and the path to their common ancestor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nightshift.bench.workloads.base import Call, Message

STEPS = (
    "{question}\n\nFirst make a plan for solving this, in no more than 80 words. Do not solve it yet.",
    "Now carry out the plan step by step, and show the numbers of each step.",
    "Look back at what you did. Is every step right? Say what you doubt, and give a score from 1 (wrong) "
    "to 5 (certain).",
    "Now give the final answer in one line.",
)
TEMPERATURE = 0.001
"""As the original: siblings are nearly the same, yet each is sampled."""


def calls_of_tree(branches: int, *, first_once: bool) -> int:
    """Return how many calls a tree has: b + b^2 + b^3 + b^4, or a b-th of it if the first is asked once."""
    whole = sum(int(branches ** (depth + 1)) for depth in range(len(STEPS)))
    return whole // branches if first_once else whole


@dataclass
class TreeProgram:
    """One question's tree. With `parallel` all branches go at once, else one call at a time, depth first."""

    id: str
    hash_key: str
    question: str
    branches: int
    max_tokens: int
    first_once: bool = False
    parallel: bool = True
    ignore_eos: bool = False
    start_s: float | None = None
    _waiting: list[Call] = field(default_factory=list)

    def first(self) -> Sequence[Call]:
        """See `Program.first`."""
        self._waiting = []
        root = self._call(0, ())
        return self._now([root] if self.first_once else [root] * self.branches)

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """See `Program.answered`."""
        depth = call.turn + 1
        if depth == len(STEPS):
            return self._now([])
        history = (*call.messages, Message(role="assistant", content=answer))
        return self._now([self._call(depth, history)] * self.branches)

    def _now(self, calls: list[Call]) -> Sequence[Call]:
        if self.parallel:
            return calls
        self._waiting += calls
        return [self._waiting.pop()] if self._waiting else []

    def _call(self, depth: int, history: tuple[Message, ...]) -> Call:
        text = STEPS[depth].replace("{question}", self.question)
        messages = (*history, Message(role="user", content=text))
        return Call(depth, messages, self.max_tokens, ignore_eos=self.ignore_eos, temperature=TEMPERATURE)
