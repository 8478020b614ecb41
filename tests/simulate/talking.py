"""Conversations for simulated users: each unlike the others, of a few turns that take up what was said."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    messages: tuple[dict[str, object], ...]
    max_tokens: int
    turn: int
    ignore_eos: bool = True
    not_before_s: float | None = None
    min_turn_s: float = 0.0


@dataclass(frozen=True)
class Chat:
    """A conversation of a few turns; `name` makes it unlike others."""

    name: str
    turns: int = 3
    tokens: int = 60
    repeats: int = 20
    """How long it begins."""
    start_s: float | None = None

    @property
    def id(self) -> str:
        return self.name

    @property
    def hash_key(self) -> str:
        return self.name

    def first(self) -> Sequence[Ask]:
        begins = f"{self.name} begins {'to talk ' * self.repeats}"
        return [Ask(({"role": "user", "content": begins},), self.tokens, 1)]

    def answered(self, call: Ask, answer: str) -> Sequence[Ask]:
        if call.turn == self.turns:
            return ()
        said: dict[str, object] = {"role": "assistant", "content": answer}
        goes_on: dict[str, object] = {"role": "user", "content": "go on, " * 10}
        return [Ask((*call.messages, said, goes_on), self.tokens, call.turn + 1)]
