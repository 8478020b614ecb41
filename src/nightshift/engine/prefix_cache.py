"""The prefix cache: a radix tree of KV blocks, as SGLang's radix cache; blocks have 16 tokens unless told.

A node holds the text of a run of whole blocks; the path from the root to it is the prefix whose KV it
is. Text that two prompts share is held once. Running sequences pin the path that they use; the rest
may be evicted, least recently used leaf first and from its last block on, so that what stays is always
a prefix.

Two choices keep the cost per request small. Children are found by their first block, and a run is
compared as one `bytes`, so that a match costs one dictionary look-up per node and not one hash per
block. And `locks` counts a node's own pins plus its locked children, so that pinning and unpinning
stop at the first ancestor that was locked anyway.

Ages are numbers of a counter, not times. Eviction candidates wait in a heap of (age, serial, node); an
entry is stale when its node was touched, pinned, extended or removed since, and is then skipped.
"""

import heapq
from dataclasses import dataclass

from nightshift.engine.tokens import BLOCK_TOKENS, BYTES_PER_TOKEN


class Node:
    """A run of blocks. Only the tree changes it; a sequence holds one to remember its pin."""

    __slots__ = ("age", "blocks", "children", "locks", "parent", "serial", "text")

    def __init__(self, text: bytes, blocks: int, parent: "Node | None", serial: int) -> None:
        # Empty: the root, or removed from the tree.
        self.text = text
        self.blocks = blocks
        # The root is its own.
        self.parent = parent or self
        self.children: dict[bytes, Node] = {}
        self.locks = 0
        self.age = 0
        self.serial = serial

    def keep(self, text: bytes, blocks: int) -> None:
        """Hold only this part of the run."""
        self.text = text
        self.blocks = blocks


@dataclass(frozen=True, slots=True)
class Match:
    """The longest cached prefix of a text: `blocks` in all, of which `inside` in `node`, the last node."""

    node: Node
    blocks: int
    inside: int


class PrefixCache:
    """Which prefixes are held; counts are in blocks. Who owns how much memory is `kv_pool.py`."""

    def __init__(self, block_tokens: int = BLOCK_TOKENS) -> None:
        self._block_bytes = block_tokens * BYTES_PER_TOKEN
        self._serial = 0
        self._age = 0
        self._root = Node(b"", 0, None, 0)
        self._root.locks = 1  # never evicted: where all walks up the tree end
        self._nodes = 0
        self._candidates: list[tuple[int, int, Node]] = []
        # Blocks in the tree, and those of them on no pinned path.
        self.blocks = 0
        self.evictable = 0

    @property
    def root(self) -> Node:
        """The empty prefix."""
        return self._root

    def match(self, text: bytes, limit: int) -> Match:
        """Return the longest cached prefix of `text`, of at most `limit` blocks. Changes nothing."""
        block_bytes = self._block_bytes
        node, inside, matched = self._root, 0, 0
        while matched < limit:
            start = matched * block_bytes
            child = node.children.get(text[start : start + block_bytes])
            if child is None:
                break
            inside = _common_blocks(child, text, start, limit - matched, block_bytes)
            node, matched = child, matched + inside
            if inside < child.blocks:
                break
        return Match(node, matched, inside)

    def evictable_on(self, match: Match) -> int:
        """Return how many blocks of the matched prefix could be evicted now."""
        if match.node.locks:
            return 0
        total = match.inside
        node = match.node.parent
        while not node.locks:
            total += node.blocks
            node = node.parent
        return total

    def pin(self, match: Match) -> Node:
        """Keep the matched prefix until `unpin` of the node returned."""
        node = match.node
        if match.inside < node.blocks:
            node = self._split(node, match.inside)
        self.lock(node)
        return node

    def lock(self, node: Node) -> None:
        """Keep the prefix that ends with `node` until `unpin`."""
        node.locks += 1
        while node.locks == 1:
            self.evictable -= node.blocks
            node = node.parent
            node.locks += 1

    def unpin(self, node: Node) -> None:
        """Let the prefix go: it stays cached while there is room."""
        self._touch(node)
        node.locks -= 1
        while not node.locks:
            self.evictable += node.blocks
            self._offer(node)
            node = node.parent
            node.locks -= 1

    def extend(self, node: Node, text: bytes, start_block: int, end_block: int) -> Node:
        """Put blocks `start_block`..`end_block` of `text` below `node`, which holds all before them.

        Those that are there already, from another sequence, are not put there again. Returns the node of
        the whole prefix, not pinned.
        """
        block_bytes = self._block_bytes
        position = start_block
        while position < end_block:
            at = position * block_bytes
            child = node.children.get(text[at : at + block_bytes])
            if child is None:
                return self._add_leaf(node, text[at : end_block * block_bytes], end_block - position)
            inside = _common_blocks(child, text, at, end_block - position, block_bytes)
            node = child if inside == child.blocks else self._split(child, inside)
            position += inside
        self._touch(node)
        self._offer(node)
        return node

    def evict(self, blocks: int) -> None:
        """Drop `blocks` blocks, least recently used leaf first. There must be as many evictable ones."""
        while blocks:
            age, _, leaf = self._candidates[0]
            if leaf.age != age or not self._is_candidate(leaf):
                heapq.heappop(self._candidates)
                continue
            dropped = min(blocks, leaf.blocks)
            self.blocks -= dropped
            self.evictable -= dropped
            blocks -= dropped
            if dropped == leaf.blocks:
                heapq.heappop(self._candidates)
                self._remove(leaf)
            else:
                leaf.keep(leaf.text[: -dropped * self._block_bytes], leaf.blocks - dropped)

    def _is_candidate(self, node: Node) -> bool:
        return not node.locks and not node.children and bool(node.text)

    def _offer(self, node: Node) -> None:
        if not self._is_candidate(node):
            return
        heapq.heappush(self._candidates, (node.age, node.serial, node))
        if len(self._candidates) > 2 * self._nodes + 64:
            self._candidates = [
                entry
                for entry in self._candidates
                if entry[2].age == entry[0] and self._is_candidate(entry[2])
            ]
            heapq.heapify(self._candidates)

    def _touch(self, node: Node) -> None:
        """Make the path the most recently used; the caller offers its end again if it is a leaf."""
        self._age += 1
        while node is not self._root:
            node.age = self._age
            node = node.parent

    def _new_node(self, text: bytes, blocks: int, parent: Node) -> Node:
        self._serial += 1
        self._nodes += 1
        node = Node(text, blocks, parent, self._serial)
        parent.children[text[: self._block_bytes]] = node
        return node

    def _add_leaf(self, parent: Node, text: bytes, blocks: int) -> Node:
        leaf = self._new_node(text, blocks, parent)
        self.blocks += leaf.blocks
        self.evictable += leaf.blocks
        self._touch(leaf)
        self._offer(leaf)
        return leaf

    def _split(self, node: Node, blocks: int) -> Node:
        """Cut `node` after `blocks` blocks and return the upper part; the lower one stays the same object.

        So a sequence that pinned the end of the run still does.
        """
        parent = node.parent
        cut = blocks * self._block_bytes
        upper = self._new_node(node.text[:cut], blocks, parent)
        upper.age = node.age
        upper.locks = 1 if node.locks else 0
        node.keep(node.text[cut:], node.blocks - blocks)
        node.parent = upper
        upper.children[node.text[: self._block_bytes]] = node
        return upper

    def _remove(self, leaf: Node) -> None:
        parent = leaf.parent
        del parent.children[leaf.text[: self._block_bytes]]
        leaf.keep(b"", 0)
        self._nodes -= 1
        self._offer(parent)


def _common_blocks(node: Node, text: bytes, start: int, limit: int, block_bytes: int) -> int:
    """Return how many blocks of the node's run are in `text` from byte `start` on; at most `limit`."""
    run = node.text
    high = min(node.blocks, limit)
    if text.startswith(run if high == node.blocks else run[: high * block_bytes], start):
        return high
    low = 0  # blocks known to be common; `high` are known not to be
    while high - low > 1:
        middle = (low + high) // 2
        if text.startswith(run[low * block_bytes : middle * block_bytes], start + low * block_bytes):
            low = middle
        else:
            high = middle
    return low
