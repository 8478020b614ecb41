"""How a sequence holds memory: it shares what is cached and owns the rest.

On entry the cached prefix is pinned and private blocks are taken for the rest of the prompt. When the
prompt is computed, its whole blocks move to the cache, so that the next request with that prefix finds
them while this one still runs. On leaving, however it leaves, all whole computed blocks move there,
those of the answer too: the next turn of the conversation begins with them.
"""

from nightshift.engine.kv_pool import KvPool
from nightshift.engine.prefix_cache import Match, Node
from nightshift.engine.sequence import Sequence
from nightshift.engine.tokens import blocks_for


def enter(pool: KvPool, sequence: Sequence, match: Match) -> None:
    """Give memory for the whole prompt. It must be available beside `match`."""
    sequence.node = pool.cache.pin(match)
    sequence.shared_blocks = match.blocks
    sequence.kv_tokens = match.blocks * pool.block_tokens
    pool.allocate(blocks_for(sequence.target_tokens, pool.block_tokens) - match.blocks)


def share(pool: KvPool, sequence: Sequence) -> None:
    """Move the whole computed blocks to the cache, and keep them pinned."""
    before = _pinned(sequence)
    after = _move_to_cache(pool, sequence)
    pool.cache.lock(after)
    pool.cache.unpin(before)
    sequence.node = after


def leave(pool: KvPool, sequence: Sequence) -> None:
    """Give all memory back; what is computed stays cached while there is room."""
    pinned = _pinned(sequence)
    held = sequence.held_blocks
    _move_to_cache(pool, sequence)
    pool.release(held - sequence.shared_blocks)
    pool.cache.unpin(pinned)
    sequence.node = None
    sequence.shared_blocks = 0
    sequence.kv_tokens = 0


def _pinned(sequence: Sequence) -> Node:
    if sequence.node is None:
        raise RuntimeError("the sequence holds no memory")
    return sequence.node


def _move_to_cache(pool: KvPool, sequence: Sequence) -> Node:
    """Blocks that another sequence put there meanwhile are freed, not held twice."""
    full = sequence.full_blocks
    node = pool.cache.extend(_pinned(sequence), sequence.text, sequence.shared_blocks, full)
    pool.release(full - sequence.shared_blocks)
    sequence.shared_blocks = full
    return node
