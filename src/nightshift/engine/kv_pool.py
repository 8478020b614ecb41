"""The KV memory: a fixed number of blocks, shared by running sequences and the prefix cache.

A block is free, in the prefix cache (pinned or not), or private to one running sequence. Invariant:
cached + private <= capacity. Whoever needs a block takes a free one, else the cache's least recently
used one.
"""

from nightshift.engine.prefix_cache import Match, PrefixCache
from nightshift.engine.tokens import BLOCK_TOKENS


class KvPool:
    """Counts blocks."""

    def __init__(self, capacity_blocks: int, block_tokens: int = BLOCK_TOKENS) -> None:
        self.capacity = capacity_blocks
        self.block_tokens = block_tokens
        self.cache = PrefixCache(block_tokens)
        self.private = 0

    @property
    def available(self) -> int:
        """Blocks that are free or can be made free."""
        return self.capacity - self.in_use

    @property
    def in_use(self) -> int:
        """Blocks that a running sequence needs; what engines report as KV use."""
        return self.private + self.cache.blocks - self.cache.evictable

    def available_beside(self, match: Match) -> int:
        """Return the blocks that would be available once the matched prefix is pinned."""
        return self.available - self.cache.evictable_on(match)

    def allocate(self, blocks: int) -> None:
        """Make `blocks` blocks private, evicting what is needed. They must be available."""
        missing = blocks - (self.capacity - self.cache.blocks - self.private)
        if missing > 0:
            self.cache.evict(missing)
        self.private += blocks

    def release(self, blocks: int) -> None:
        """Give private blocks back: they are free, or were given to the cache."""
        self.private -= blocks
