"""A request on its way through the engine."""

from nightshift.engine.prefix_cache import Node
from nightshift.engine.request import EngineRequest
from nightshift.engine.tokens import BLOCK_TOKENS, BYTES_PER_TOKEN, blocks_for

# The scheduler never reserves more than this many future tokens for one request (SGLang's
# SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION, default 4096); the answer itself may be longer.
CLIP_MAX_NEW_TOKENS = 4_096


class Sequence:
    """Where one request stands.

    While it decodes, `generated` and `kv_tokens` are those of the moment when it joined the decode batch,
    which counts steps for all its members (`decode_batch.py`) and brings them up to date at its end.
    """

    __slots__ = (
        "aborted",
        "answer_tokens",
        "block_tokens",
        "cached_tokens",
        "end_step",
        "generated",
        "kv_tokens",
        "node",
        "prompt_tokens",
        "request",
        "serial",
        "shared_blocks",
        "target_tokens",
        "text",
    )

    def __init__(self, request: EngineRequest, block_tokens: int = BLOCK_TOKENS) -> None:
        self.request = request
        self.block_tokens = block_tokens
        self.text = request.prompt + request.answer
        self.prompt_tokens = request.prompt_tokens
        self.answer_tokens = request.answer_tokens
        self.generated = 0
        # Tokens whose KV is in memory, and how many must be before the next token comes out of prefill.
        self.kv_tokens = 0
        self.target_tokens = self.prompt_tokens
        # The pinned end of the prefix that lies in the cache; None while waiting.
        self.node: Node | None = None
        self.shared_blocks = 0
        # Of the first admission: what the client is told.
        self.cached_tokens: int | None = None
        # Order of admission, and the step of the decode batch in which the last token comes.
        self.serial = 0
        self.end_step = 0
        self.aborted = False

    @property
    def reserve_tokens(self) -> int:
        """Tokens that the scheduler must expect this sequence to add (below 0: longer than it expects)."""
        return min(self.request.max_tokens, CLIP_MAX_NEW_TOKENS) - self.generated

    @property
    def is_complete(self) -> bool:
        """Whether the whole answer is there. False while it decodes, whatever the batch has counted."""
        return self.generated == self.answer_tokens

    @property
    def reusable_blocks(self) -> int:
        """Blocks that a cache hit may cover: the last token is always computed, to get the next one."""
        return (self.prompt_tokens + self.generated - 1) // self.block_tokens

    @property
    def held_blocks(self) -> int:
        """Blocks of this sequence, shared and private. Prefill takes those of the whole prompt at once."""
        return blocks_for(max(self.kv_tokens, self.target_tokens), self.block_tokens)

    @property
    def full_blocks(self) -> int:
        """Whole blocks whose KV is computed, which may therefore be cached."""
        beyond_prompt = self.kv_tokens - self.prompt_tokens
        if beyond_prompt < 0:
            return self.kv_tokens // self.block_tokens
        computed_bytes = len(self.request.prompt) + BYTES_PER_TOKEN * beyond_prompt
        return computed_bytes // (BYTES_PER_TOKEN * self.block_tokens)
