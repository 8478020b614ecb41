"""A request as the engine sees it: bytes in, and the answer that it is going to give.

The answer is known before the engine starts (it is a hash of the prompt, `answers.py`); the engine
only decides when each token of it is there.
"""

from dataclasses import dataclass

from nightshift.engine.answers import answer_text, draw_answer_tokens, prompt_digest
from nightshift.engine.tokens import BYTES_PER_TOKEN, token_count
from nightshift.errors import NightshiftError


class RequestRefusedError(NightshiftError):
    """The engine can never serve this request; the message says why."""


class ContextLengthExceededError(RequestRefusedError):
    """Prompt and answer together are longer than the KV cache or the model's context."""


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One sequence to generate.

    `answer` has at least one token, all of exactly 4 bytes. `max_tokens` is what the client allowed;
    the scheduler reserves memory by it, because a real one cannot know the length of the answer.
    """

    id: str
    prompt: bytes
    answer: bytes
    max_tokens: int

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""
        return token_count(self.prompt)

    @property
    def answer_tokens(self) -> int:
        """Tokens that will be generated."""
        return len(self.answer) // BYTES_PER_TOKEN

    @property
    def finish_reason(self) -> str:
        """`length` when `max_tokens` cut the answer off, else `stop`."""
        return "length" if self.answer_tokens == self.max_tokens else "stop"


def make_request(
    request_id: str,
    prompt: bytes,
    *,
    max_tokens: int,
    min_tokens: int = 1,
    ignore_eos: bool = False,
    seed: int = 0,
) -> EngineRequest:
    """Return the request for `prompt`: the same answer for the same prompt, seed and limits."""
    digest = prompt_digest(prompt, seed)
    tokens = max_tokens if ignore_eos else min(max_tokens, max(min_tokens, draw_answer_tokens(digest)))
    return EngineRequest(request_id, prompt, answer_text(digest, tokens), max_tokens)
