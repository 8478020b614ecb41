"""Who holds which prefix: a radix tree over the bytes of prompts, within a budget of memory.

Each edge carries bytes, each node a bit mask of the targets that were sent a prompt running through it; a
target at a node is at all its ancestors. A lookup walks down once and back up to the deepest node that an
allowed target holds, so it costs O(length of the prompt), as does an insertion; comparing is memcmp.

Eviction: all nodes stand in one list by last use. An insertion moves the nodes of its path to the young
end, deepest first, so a parent is always younger than its children, and the old end is always a leaf.
When the accounted bytes exceed the budget, leaves are dropped from there, one by one, at once; there is
no sweep that could pause the balancer.

A target that leaves costs O(1): it loses its bit, and what carries the bit ages out. A target that comes
back (its cache empty) gets a new bit, so masks grow with every target that ever came; what they take is
part of the budget. Answers are not inserted; they come with the next turn's prompt.
The tree can be wrong about an engine, which evicts by its own rules: it is a guess, and placement treats
it as one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from nightshift.balancing.messages import PromptKey

# Memory of a node beside its text: the object, its bytes object's head, its entry in the parent's table,
# and its share of tables that have grown (measured on CPython 3.11 with tracemalloc: 250-330).
NODE_BYTES = 320

# Shared by all leaves, which are most nodes, and never written to.
_NO_CHILDREN: "dict[int, _Node]" = {}


class _Node:
    """An edge's text, and what is below it. `older` and `younger` link the list by last use.

    The root of a namespace carries its name as text, and is its own parent.
    """

    __slots__ = ("children", "holders", "key", "older", "parent", "younger")

    def __init__(self, key: bytes, parent: "_Node | None") -> None:
        self.key = key
        self.parent = parent or self
        self.children: dict[int, _Node] = _NO_CHILDREN
        self.holders = 0
        self.older: _Node = self
        self.younger: _Node = self


class Match(NamedTuple):
    """The longest prefix, in bytes, that some allowed target holds, and those that do."""

    length: int
    targets: list[str]


class PrefixIndex:
    """See the head of the file. `budget_bytes` bounds the memory of nodes and their text."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._used = 0
        self._roots: dict[str, _Node] = {}
        self._bits: dict[str, int] = {}
        self._next_bit = 1
        self._ends = _Node(b"", None)  # its `younger` is the oldest node, its `older` the youngest

    @property
    def used_bytes(self) -> int:
        """Bytes accounted for nodes and their text."""
        return self._used

    def set_targets(self, targets: Iterable[str]) -> None:
        """Forget the targets not named here; a target that is new, or back, holds nothing."""
        keep = set(targets)
        self._bits = {target: bit for target, bit in self._bits.items() if target in keep}

    def match(self, prompt: PromptKey, allowed: Iterable[str]) -> Match:
        """Find the longest prefix of `prompt` that one of `allowed` holds."""
        bits = {target: bit for target in allowed if (bit := self._bits.get(target))}
        root = self._roots.get(prompt.namespace)
        if root is None or not bits:
            return Match(0, [])
        mask = 0
        for bit in bits.values():
            mask |= bit
        node, length, partial = _descend(root, prompt.text)
        if partial is not None and partial[0].holders & mask:
            node, length = partial[0], length + partial[1]
        else:
            while node is not root and not node.holders & mask:
                length -= len(node.key)
                node = node.parent
        if node is root:
            return Match(0, [])
        return Match(length, [target for target, bit in bits.items() if node.holders & bit])

    def insert(self, prompt: PromptKey, target: str) -> None:
        """Note that `target` will hold `prompt` from now on, and drop what no longer fits the budget."""
        if not prompt.text:
            return
        bit = self._bits.get(target)
        if bit is None:
            bit = self._bits[target] = self._next_bit
            self._next_bit <<= 1
        root = self._roots.get(prompt.namespace)
        if root is None:
            root = self._roots[prompt.namespace] = _Node(prompt.namespace.encode(), None)
            self._used += _root_bytes(root)
        node, length, partial = _descend(root, prompt.text)
        if partial is not None:
            node, length = self._split(*partial), length + partial[1]
        if length < len(prompt.text):
            node = self._add(node, prompt.text[length:])
        self._touch(node, root, bit)
        self._evict()

    def _add(self, parent: _Node, key: bytes) -> _Node:
        node = _Node(key, parent)
        if not parent.children:
            parent.children = {}
        parent.children[key[0]] = node
        self._used += NODE_BYTES + len(key)
        return node

    def _split(self, node: _Node, at: int) -> _Node:
        """Put a node above `node` that takes the first `at` bytes of its text; return the new one."""
        parent = node.parent
        upper = _Node(node.key[:at], parent)
        upper.holders = node.holders
        parent.children[upper.key[0]] = upper
        node.key, node.parent = node.key[at:], upper
        upper.children = {node.key[0]: node}
        self._used += NODE_BYTES + _mask_bytes(upper.holders)
        return upper

    def _touch(self, node: _Node, root: _Node, bit: int) -> None:
        """Give the path from `node` up to its namespace's root to a target, as used just now."""
        while node is not root:
            holders = node.holders | bit
            if holders != node.holders:
                self._used += _mask_bytes(holders) - _mask_bytes(node.holders)
                node.holders = holders
            node.older.younger, node.younger.older = node.younger, node.older
            youngest = self._ends.older
            youngest.younger, node.older = node, youngest
            node.younger, self._ends.older = self._ends, node
            node = node.parent

    def _evict(self) -> None:
        while self._used > self._budget and (oldest := self._ends.younger) is not self._ends:
            self._drop(oldest)

    def _drop(self, leaf: _Node) -> None:
        parent = leaf.parent
        leaf.older.younger, leaf.younger.older = leaf.younger, leaf.older
        del parent.children[leaf.key[0]]
        self._used -= NODE_BYTES + len(leaf.key) + _mask_bytes(leaf.holders)
        if not parent.children:
            parent.children = _NO_CHILDREN
            if parent.parent is parent:
                del self._roots[parent.key.decode()]
                self._used -= _root_bytes(parent)


def _mask_bytes(holders: int) -> int:
    """Memory of a bit mask beyond the small one that `NODE_BYTES` contains: 4 bytes for each 30 bits."""
    return holders.bit_length() // 30 * 4


def _root_bytes(root: _Node) -> int:
    """Memory of a namespace: its name comes from clients, and stands here as text and as bytes."""
    return NODE_BYTES + 2 * len(root.key)


def _descend(root: _Node, text: bytes) -> tuple[_Node, int, tuple[_Node, int] | None]:
    """Walk down along `text`: the last whole node, the bytes matched, and the child matched in part."""
    node, position = root, 0
    while position < len(text):
        child = node.children.get(text[position])
        if child is None:
            break
        if not text.startswith(child.key, position):
            return node, position, (child, _common_length(child.key, text, position))
        node, position = child, position + len(child.key)
    return node, position, None


def _common_length(key: bytes, text: bytes, position: int) -> int:
    """Length of the common prefix of `key` and `text[position:]`, by halving: O(length) and in C."""
    low, high = 0, min(len(key), len(text) - position)
    while low < high:
        middle = (low + high + 1) // 2
        if key[low:middle] == text[position + low : position + middle]:
            low = middle
        else:
            high = middle - 1
    return low
