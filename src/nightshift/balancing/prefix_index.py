"""Who holds which prefix: a radix tree over the digests of prompts' blocks, within a budget of memory.

Each edge carries digests (`blocks.py`), each node a mask of the slots of the targets that were sent a prompt
running through it; a target at a node is at all its ancestors. A lookup walks down once and back up to the
deepest node that an allowed target holds; an insertion of the same key right after it takes the way that the
lookup found. Both cost O(digests of the prompt), whatever the number of targets; comparing is memcmp.

A node is a row: a number, under which each column holds one of its values. Columns of plain numbers are
arrays. Against an object for each node this halves the memory, and leaves the garbage collector no object
to visit. A child is found by its parent and its first digest, in a hash table of chains whose size follows
from the budget, so that it never has to grow: there is no moment at which the whole table is copied. Row 0
is the root, both ends of the list by use, and "none".

Eviction: all nodes stand in one list by last use. An insertion moves the nodes of its path to the young
end, deepest first, so a parent is always younger than its children, and the old end is always a leaf.
When the accounted bytes exceed the budget, leaves are dropped from there, one by one, at once; there is
no sweep that could pause the balancer. Rows of dropped nodes are used again, and stay accounted.

A target that leaves costs O(1): its slot is noted as forgotten at a new epoch. Every node carries the epoch
in which its mask was true, and a node met later loses the slots forgotten since, before anything is read
from it. So a slot can be given to another target at once, and masks are as wide as there are slots.

Not done: namespaces are not kept here, for they go into the digests. Answers are not inserted; they come with
the next turn's prompt. A node left with one child is not joined with it. The tree can be wrong about an
engine, which evicts by its own rules: it is a guess, and placement treats it as one.
"""

from array import array
from struct import Struct
from typing import Final

from nightshift.balancing.blocks import BOUNDARIES, DIGEST_BYTES
from nightshift.balancing.messages import PromptKey

# Memory of a node beside its digests and its mask: 24 bytes of numbers and two pointers, what lists and
# arrays keep in reserve, and what the allocator loses while they grow (fitted to resident memory).
ROW_BYTES: Final = 48
# One chain for so many bytes of the budget: with prompts of 1 kB, between one and two nodes for each.
_BYTES_PER_CHAIN: Final = 256
_LEAST_BUDGET_BYTES: Final = 1024

_first_digest: Final = Struct("<I").unpack_from


Match = tuple[float, int]
"""The share of the prompt, 0 to 1, that some allowed targets hold, and a mask of their slots."""

# How far a prompt leads: the last whole node, bytes of digests up to it, the child matched in part and by how
# many bytes (0, 0 if none). A plain tuple: one is made for every lookup.
_Way = tuple[int, int, int, int]


class PrefixIndex:
    """See the head of the file. `budget_bytes` bounds the memory of all of it; below 1 kB it is 1 kB."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = max(budget_bytes, _LEAST_BUDGET_BYTES)
        chains = 1 << (self._budget // _BYTES_PER_CHAIN).bit_length() - 1
        self._chain_of = chains - 1
        self._chains = array("I", bytes(4 * chains))
        self._edges = array("Q", (0,))
        self._nexts = array("I", (0,))
        self._older = array("I", (0,))
        self._younger = array("I", (0,))
        self._stamps = array("I", (0,))
        self._keys = [b""]
        self._masks = [0]
        self._free = array("I")
        self._used = 4 * chains + ROW_BYTES
        self._epoch = 0
        self._forgotten: dict[int, int] = {}
        self._stale: dict[int, int] = {}
        self._single: dict[int, int] = {}
        self._asked: PromptKey | None = None
        self._way: _Way = (0, 0, 0, 0)

    @property
    def used_bytes(self) -> int:
        """Bytes accounted for all that is kept."""
        return self._used

    def match(self, prompt: PromptKey, allowed: int) -> Match:
        """Find the longest prefix of `prompt` that one of the slots in `allowed` holds."""
        node, at, child, common = self._way if prompt is self._asked else self._walk(prompt)
        if child and (holders := self._holders(child) & allowed):
            return _share(prompt, at + common), holders
        while node:
            if holders := self._holders(node) & allowed:
                return _share(prompt, at), holders
            at -= len(self._keys[node])
            node = self._edges[node] >> 32
        return 0.0, 0

    def insert(self, prompt: PromptKey, slot: int) -> None:
        """Note that `slot` will hold `prompt` from now on, and drop what no longer fits the budget."""
        blocks = prompt.blocks
        if not blocks:
            return
        node, at, child, common = self._way if prompt is self._asked else self._walk(prompt)
        self._asked = None  # what follows changes the tree
        if child:
            node, at = self._split(child, common), at + common
        if at < len(blocks):
            node = self._add(node, blocks[at:])
        self._touch(node, slot)
        while self._used > self._budget and (oldest := self._younger[0]):
            self._drop(oldest)

    def forget(self, slot: int) -> None:
        """The target of `slot` is gone: nobody holds anything there until it is inserted again."""
        self._epoch += 1
        self._forgotten[slot] = self._epoch
        self._stale.clear()

    def _walk(self, prompt: PromptKey) -> _Way:
        """Go down along `prompt`, and remember how far that was until the tree changes."""
        self._way, self._asked = self._descend(prompt.blocks), prompt
        return self._way

    def _descend(self, blocks: bytes) -> _Way:
        edges, keys, end = self._edges, self._keys, len(blocks)
        node = at = 0
        while at < end:
            first = _first_digest(blocks, at)[0]
            edge = node << 32 | first
            child = self._chains[(first ^ node) & self._chain_of]
            while child and edges[child] != edge:
                child = self._nexts[child]
            if not child:
                break
            key = keys[child]
            after = at + len(key)
            if blocks[at:after] != key:
                return (node, at, child, _common_bytes(key, blocks, at))
            node, at = child, after
        return (node, at, 0, 0)

    def _holders(self, node: int) -> int:
        """Return the mask of a node, without slots that were forgotten since it was last true."""
        if self._stamps[node] != self._epoch:
            mask = self._masks[node]
            self._set_mask(node, mask & ~self._forgotten_since(self._stamps[node]))
            self._stamps[node] = self._epoch
        return self._masks[node]

    def _forgotten_since(self, epoch: int) -> int:
        stale = self._stale.get(epoch)
        if stale is None:
            stale = sum(1 << slot for slot, at in self._forgotten.items() if at > epoch)
            self._stale[epoch] = stale
        return stale

    def _set_mask(self, node: int, mask: int) -> None:
        """Most nodes have one holder: such masks are shared, and cost nothing."""
        self._used += _mask_bytes(mask) - _mask_bytes(self._masks[node])
        self._masks[node] = self._single.setdefault(mask, mask) if _is_single(mask) else mask

    def _add(self, parent: int, key: bytes) -> int:
        node = self._new_row()
        self._keys[node] = key
        self._stamps[node] = self._epoch
        self._used += _key_bytes(key)
        self._chain(node, parent)
        return node

    def _split(self, node: int, at: int) -> int:
        """Put a node above `node` that takes the first `at` bytes of its digests; return the new one."""
        key, parent = self._keys[node], self._edges[node] >> 32
        self._unchain(node)
        upper = self._add(parent, key[:at])
        self._stamps[upper] = self._stamps[node]
        self._set_mask(upper, self._masks[node])
        self._keys[node] = key[at:]
        self._used += _key_bytes(key[at:]) - _key_bytes(key)
        self._chain(node, upper)
        return upper

    def _touch(self, node: int, slot: int) -> None:
        """Give the path from `node` up to the root to a slot, as used just now."""
        older, younger, bit = self._older, self._younger, 1 << slot
        stamps, masks, edges, epoch = self._stamps, self._masks, self._edges, self._epoch
        while node:
            holders = masks[node] if stamps[node] == epoch else self._holders(node)
            if not holders & bit:
                self._set_mask(node, holders | bit)
            before, after, youngest = older[node], younger[node], older[0]
            if node != youngest:
                younger[before], older[after] = after, before
                youngest = older[0]
                younger[youngest], older[node] = node, youngest
                younger[node], older[0] = 0, node
            node = edges[node] >> 32

    def _drop(self, leaf: int) -> None:
        before, after = self._older[leaf], self._younger[leaf]
        self._younger[before], self._older[after] = after, before
        self._unchain(leaf)
        self._set_mask(leaf, 0)
        self._used -= _key_bytes(self._keys[leaf])
        self._keys[leaf] = b""
        self._free.append(leaf)

    def _new_row(self) -> int:
        """Return an unused row whose links in the list by use lead to itself."""
        if self._free:
            row = self._free.pop()
            self._older[row] = self._younger[row] = row
            return row
        row = len(self._keys)
        for column in (self._edges, self._nexts, self._stamps):
            column.append(0)
        self._older.append(row)
        self._younger.append(row)
        self._keys.append(b"")
        self._masks.append(0)
        self._used += ROW_BYTES
        return row

    def _chain(self, node: int, parent: int) -> None:
        """Enter `node` into the table as a child of `parent`."""
        first = _first_digest(self._keys[node])[0]
        self._edges[node] = parent << 32 | first
        chain = (first ^ parent) & self._chain_of
        self._nexts[node], self._chains[chain] = self._chains[chain], node

    def _unchain(self, node: int) -> None:
        edge, nexts = self._edges[node], self._nexts
        chain = (edge ^ edge >> 32) & self._chain_of
        at = self._chains[chain]
        if at == node:
            self._chains[chain] = nexts[node]
            return
        while nexts[at] != node:
            at = nexts[at]
        nexts[at] = nexts[node]


def _share(prompt: PromptKey, matched: int) -> float:
    """Return the part of the prompt that its first `matched` bytes of digests cover."""
    if matched == len(prompt.blocks):
        return 1.0
    return BOUNDARIES[matched // DIGEST_BYTES] / prompt.length_bytes


def _common_bytes(key: bytes, blocks: bytes, at: int) -> int:
    """Return the length of the whole digests that `key` and `blocks[at:]` begin with alike."""
    length = min(len(key), len(blocks) - at)
    other = int.from_bytes(blocks[at : at + length], "little")
    differing = int.from_bytes(key[:length], "little") ^ other
    if not differing:
        return length
    lowest = (differing & -differing).bit_length() - 1
    return lowest // (8 * DIGEST_BYTES) * DIGEST_BYTES


def _is_single(mask: int) -> bool:
    return mask & (mask - 1) == 0


def _mask_bytes(mask: int) -> int:
    """Memory of a mask: none for those that all nodes share, and for small numbers, which Python shares."""
    return 0 if mask <= 256 or _is_single(mask) else mask.__sizeof__() + 15 & ~15


def _key_bytes(key: bytes) -> int:
    """Memory of a bytes object, as the allocator rounds it."""
    return key.__sizeof__() + 15 & ~15
