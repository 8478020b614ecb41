"""Consistent hashing with bounded load: the owner of the key on the ring, unless it has too much already.

The rule is KubeAI's (`PrefixHash`, "CHWBL"; after Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing
with Bounded Loads", 2016): walk the ring from the key's point to the first target that would have at most
`load_factor` times the mean with the request, the request counted in the mean. Where all would have more,
which happens while there are few requests, the first on the ring takes it. With no request anywhere,
nobody has too much.

The key is the beginning of the prompt, not the client's header: KubeAI takes the adapter and the first 100
characters of the first user message; here it is the model, the adapter and the first 128 bytes of the whole
prompt, which is what is known of it. A system prompt that all share makes all keys one, therefore. A request
without a prompt goes by its hash key, and without that to the least loaded.
"""

from random import Random

from nightshift.balancing.blocks import DIGEST_BYTES
from nightshift.balancing.candidates import Candidates
from nightshift.balancing.messages import Request
from nightshift.balancing.policies.base import Choice
from nightshift.balancing.policies.consistent_hashing import ConsistentHashing
from nightshift.balancing.switches import BoundedLoad

_KEY_BLOCKS = 2
"""Blocks of 64 bytes: the fewest that cover KubeAI's 100 characters of plain text."""


class BoundedHashing(ConsistentHashing):
    """See the head of the file."""

    def __init__(self, bound: BoundedLoad, rng: Random) -> None:
        super().__init__(rng, bound.points)
        self._factor = bound.load_factor

    def pick(self, request: Request, among: Candidates) -> Choice:
        """See `Policy.pick`."""
        key = self._key(request)
        if key is None:
            return Choice(among.least_loaded(self._rng), 0.0, "least_load_no_key")
        owner = self._owner(key, among.mask)
        total = among.total()
        most = self._factor * (total + 1) / len(among)
        roomy = among.at_most(int(most) - 1) if total else among.mask
        if owner is None or roomy >> owner & 1:
            return Choice(_or_least(owner, among, self._rng), 0.0, "hash_ring")
        if not roomy:
            return Choice(owner, 0.0, "hash_ring_all_full")
        return Choice(_or_least(self._owner(key, roomy), among, self._rng), 0.0, "hash_ring_bounded")

    def _key(self, request: Request) -> str | None:
        """See `ConsistentHashing._key`."""
        blocks = request.prompt.blocks
        return blocks[: _KEY_BLOCKS * DIGEST_BYTES].hex() if blocks else request.hash_key


def _or_least(slot: int | None, among: Candidates, rng: Random) -> int:
    """Return the slot; an empty ring has none to give."""
    return among.least_loaded(rng) if slot is None else slot
