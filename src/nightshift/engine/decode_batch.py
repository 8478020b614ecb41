"""The sequences that decode: each gains one token in every step.

All members move together, so nothing is done per member and step: a counter of steps, the total of
their KV tokens, a heap of who ends when, and how many members stand at each place within a block (a
member needs a new block when its KV tokens fill the last one). Advancing by any number of steps costs
the same, and the blocks that they will need are known in advance.
"""

import heapq

from nightshift.engine.sequence import Sequence
from nightshift.engine.tokens import BLOCK_TOKENS


class DecodeBatch:
    """Members, by request id in order of joining."""

    def __init__(self, block_tokens: int = BLOCK_TOKENS) -> None:
        self._block_tokens = block_tokens
        self.steps = 0
        self.kv_tokens = 0
        # What members may still write, for the scheduler's reserve (see `Sequence.reserve_tokens`).
        self.reserve_tokens = 0
        self.written_tokens = 0
        self._members: dict[str, Sequence] = {}
        self._ends: list[tuple[int, int, Sequence]] = []
        # Members by (steps - KV tokens) modulo the block, which is constant while they decode: those at p
        # need a block in the steps whose number is p modulo the block.
        self._phases = [0] * block_tokens

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, sequence: Sequence) -> bool:
        return self._members.get(sequence.request.id) is sequence

    def members(self) -> list[Sequence]:
        """Return the members in order of joining."""
        return list(self._members.values())

    def generated(self, sequence: Sequence) -> int:
        """Return how many tokens a member has generated until now."""
        return sequence.answer_tokens - (sequence.end_step - self.steps)

    def add(self, sequence: Sequence) -> None:
        """Take in a sequence whose prompt is computed and whose answer is not complete."""
        sequence.end_step = self.steps + sequence.answer_tokens - sequence.generated
        self._members[sequence.request.id] = sequence
        heapq.heappush(self._ends, (sequence.end_step, sequence.serial, sequence))
        self._count(sequence, 1)

    def remove(self, sequence: Sequence) -> None:
        """Let a member go before its end, or at it; its counts are brought up to date."""
        generated = self.generated(sequence)
        sequence.kv_tokens += generated - sequence.generated
        sequence.generated = generated
        del self._members[sequence.request.id]
        self._count(sequence, -1)

    def advance(self, steps: int) -> list[Sequence]:
        """Do `steps` steps, at most `steps_to_end`; return who ended, removed, oldest admission first."""
        self.steps += steps
        grown = len(self._members) * steps
        self.kv_tokens += grown
        self.reserve_tokens -= grown
        self.written_tokens += grown
        ended = []
        while self._ends and self._ends[0][0] <= self.steps:
            end_step, _, sequence = heapq.heappop(self._ends)
            if sequence in self and sequence.end_step == end_step:
                self.remove(sequence)
                ended.append(sequence)
        return ended

    def steps_to_end(self) -> int:
        """Return the number of steps after which the next member ends. There must be a member."""
        while True:
            end_step, _, sequence = self._ends[0]
            if sequence in self and sequence.end_step == end_step:
                return end_step - self.steps
            heapq.heappop(self._ends)  # left early

    def blocks_for(self, steps: int) -> int:
        """Return how many new blocks the next `steps` steps take."""
        rounds, rest = divmod(steps, self._block_tokens)
        begin = self.steps % self._block_tokens
        end = begin + rest
        crossing = sum(self._phases[begin:end])
        if end > self._block_tokens:
            crossing += sum(self._phases[: end - self._block_tokens])
        return rounds * len(self._members) + crossing

    def steps_within(self, blocks: int, limit: int) -> int:
        """Return how many steps, at most `limit`, `blocks` blocks suffice for."""
        if self.blocks_for(limit) <= blocks:
            return limit
        rounds = blocks // len(self._members)
        steps = rounds * self._block_tokens
        while self.blocks_for(steps + 1) <= blocks:
            steps += 1
        return steps

    def _count(self, sequence: Sequence, sign: int) -> None:
        self.kv_tokens += sign * sequence.kv_tokens
        self.reserve_tokens += sign * sequence.reserve_tokens
        self.written_tokens += sign * sequence.generated
        self._phases[(self.steps - sequence.kv_tokens) % self._block_tokens] += sign
