"""One engine: requests in, steps of the batch, tokens out.

A step goes so. While the decode batch would not find room for its next tokens, the youngest running
sequence is retracted: it goes back to the head of the queue, with what it has generated as part of its
prompt, and its blocks stay in the cache while there is room. Then up to `chunked_prefill_tokens` prompt
tokens are planned: the prompts that are under way, oldest first, and then requests from the queue, first
come first served, as far as memory allows (`admission.py`). Prompts and decodes share the step. A prompt
whose last token is computed yields its first answer token in that same step.

The head of the queue blocks those behind it. Whether it fits is looked at when something may have
changed (an arrival at an empty queue, memory set free) and at every 16th step, because the scheduler's
reserve shrinks with time; SGLang, too, leaves its queue alone once its batch is full.

`begin_step` says what the step costs; nothing changes until `end_step`, except that requests may be
submitted (they wait) and aborted (they leave at its end). A step without prefill may be repeated
`Step.repeat_limit` times as one, by `end_steps`, with the same result.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple

from nightshift.engine import residency
from nightshift.engine.admission import NewTokenRatio
from nightshift.engine.decode_batch import DecodeBatch
from nightshift.engine.kv_pool import KvPool
from nightshift.engine.prefix_cache import Match
from nightshift.engine.profiles import DeviceProfile
from nightshift.engine.request import ContextLengthExceededError, EngineRequest, RequestRefusedError
from nightshift.engine.sequence import Sequence
from nightshift.engine.stats import EngineStats, Totals
from nightshift.engine.tokens import blocks_for

LOOK_EVERY_STEPS = 16


class Token(NamedTuple):
    """One generated token, `position` counting from 1 within its answer.

    `cached_tokens` is how much of the prompt was found in the cache.
    """

    request_id: str
    position: int
    finished: bool
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Step:
    """The step under way. It may be done `repeat_limit` times before anything but tokens changes."""

    first_ns: int
    growth_ns: int
    repeat_limit: int

    def duration_ns(self, steps: int) -> int:
        """Return the time of `steps` repetitions: each reads the KV that the one before it wrote."""
        return steps * self.first_ns + self.growth_ns * (steps * (steps - 1) // 2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whose prompt was completed in these steps (`generated` is 1 if never before), and who ended."""

    prefilled: list[Sequence]
    finished: list[Sequence]


class Engine:
    """Continuous batching on one device."""

    def __init__(self, profile: DeviceProfile) -> None:
        self.profile = profile
        self._block_tokens = profile.block_tokens
        self.pool = KvPool(profile.kv_capacity_blocks, profile.block_tokens)
        self.totals = Totals()
        self._waiting: deque[Sequence] = deque()
        # All running, oldest admission first; each is in `_prefilling` or in `_decoding`.
        self._running: dict[str, Sequence] = {}
        self._prefilling: list[Sequence] = []
        self._decoding = DecodeBatch(profile.block_tokens)
        self._known: dict[str, Sequence] = {}
        self._ratio = NewTokenRatio(profile.conservativeness)
        self._step: Step | None = None
        self._steps = 0
        # Prompt tokens that the step under way computes, by sequence.
        self._chunks: list[tuple[Sequence, int]] = []
        self._aborting: list[Sequence] = []
        self._admitted = 0
        self._look = False

    # Requests in and out

    def check(self, request: EngineRequest) -> None:
        """Raise if `submit` would.

        Raises:
            ContextLengthExceededError: prompt and `max_tokens` can never fit.
            RequestRefusedError: there is nothing to do, or the id is in use.

        """
        if not request.prompt or not request.answer_tokens:
            raise RequestRefusedError("the prompt is empty, or no token is asked for")
        if request.id in self._known:
            raise RequestRefusedError(f"a request with id {request.id!r} is being served")
        total, longest = request.prompt_tokens + request.max_tokens, self.profile.longest_tokens
        if total > longest:
            raise ContextLengthExceededError(
                f"This model's maximum context length is {longest} tokens. However, you requested {total} "
                f"tokens ({request.prompt_tokens} in the prompt, {request.max_tokens} in the completion)."
            )

    def submit(self, request: EngineRequest) -> None:
        """Queue a request; raises as `check` does."""
        self.check(request)
        sequence = Sequence(request, self._block_tokens)
        self._known[request.id] = sequence
        if not self._waiting:
            self._look = True
        self._waiting.append(sequence)

    def abort(self, request_id: str) -> bool:
        """Drop a request, wherever it is; return whether there was one. During a step: at its end."""
        sequence = self._known.pop(request_id, None)
        if sequence is None:
            return False
        sequence.aborted = True
        self.totals.aborted += 1
        if sequence.node is None:
            # The head may have been what blocked the others.
            self._look = True
            self._waiting.remove(sequence)
        elif self._step is None:
            self._leave(sequence)
        else:
            self._aborting.append(sequence)
        return True

    @property
    def will_look(self) -> bool:
        """Whether the next step looks at the queue because of what happened since the last one."""
        return self._look

    @property
    def pending(self) -> int:
        """Requests waiting."""
        return len(self._waiting)

    def stats(self, steps: int = 0) -> EngineStats:
        """Return what the engine reports of itself when the step under way has been done `steps` times."""
        decoding = self._decoding
        generated = self.totals.generated_tokens + steps * len(decoding)
        return EngineStats(
            pending=len(self._waiting),
            running=len(self._running) - len(self._aborting),
            kv_used_tokens=(self.pool.in_use + decoding.blocks_for(steps)) * self._block_tokens,
            kv_capacity_tokens=self.pool.capacity * self._block_tokens,
            totals=replace(self.totals, generated_tokens=generated),
        )

    def generated(self, steps: int = 0) -> dict[str, int]:
        """Return the tokens that each request has, when the step under way has been done `steps` times."""
        decoding = self._decoding
        return {
            id_: decoding.generated(one) + steps if one in decoding else one.generated
            for id_, one in self._known.items()
        }

    # Steps

    def begin_step(self) -> Step | None:
        """Plan the next step; None when there is nothing to do. The one before must have ended."""
        if self._step is not None:
            raise RuntimeError("a step is under way")
        self._retract_for_decode()
        self._plan_prefill()
        if not self._running:
            self._ratio.idle(self._steps)
            return None
        self._step = self._measure()
        return self._step

    def end_steps(self, steps: int) -> Outcome:
        """End the step under way, done `steps` times."""
        if self._step is None:
            raise RuntimeError("no step is under way")
        self._step = None
        self._steps += steps
        self.totals.generated_tokens += len(self._decoding) * steps
        self.pool.allocate(self._decoding.blocks_for(steps))
        ended = self._decoding.advance(steps)
        prefilled = self._end_prefill()
        finished = [one for one in [*ended, *prefilled] if one.is_complete and not one.aborted]
        for sequence in finished:
            self._finish(sequence)
        for sequence in self._aborting:
            self._leave(sequence)
        self._aborting.clear()
        return Outcome(prefilled, finished)

    def end_step(self) -> list[Token]:
        """End the step under way and return each token that it made."""
        decoded = [sequence for sequence in self._decoding.members() if not sequence.aborted]
        outcome = self.end_steps(1)
        return [self._token(sequence) for sequence in [*decoded, *outcome.prefilled]]

    # Planning

    def _retract_for_decode(self) -> None:
        decoding = self._decoding
        if decoding.blocks_for(1) <= self.pool.available:
            return
        while decoding.blocks_for(1) > self.pool.available:
            self._retract(next(reversed(self._running.values())))
        self._ratio.ran_out(
            self._steps,
            written=decoding.written_tokens,
            allowed=sum(sequence.request.max_tokens for sequence in self._running.values()),
            sequences=len(self._running),
        )

    def _retract(self, sequence: Sequence) -> None:
        self._leave(sequence)
        self._look = False  # it would come back at once and be retracted again
        sequence.target_tokens = sequence.prompt_tokens + sequence.generated
        self._waiting.appendleft(sequence)
        self.totals.retractions += 1

    def _plan_prefill(self) -> None:
        self._chunks.clear()
        budget = self.profile.chunked_prefill_tokens
        for sequence in self._prefilling:
            budget -= self._plan_chunk(sequence, budget)
        if self._waiting and (self._look or not self._running or self._steps % LOOK_EVERY_STEPS == 0):
            self._look = self._admit(budget)

    def _plan_chunk(self, sequence: Sequence, budget: int) -> int:
        tokens = min(budget, sequence.target_tokens - sequence.kv_tokens)
        if tokens:
            self._chunks.append((sequence, tokens))
        return tokens

    def _admit(self, budget: int) -> bool:
        """Admit from the head of the queue; return whether only the step's budget ended it."""
        ratio = self._ratio.at(self._steps)
        expected = self._decoding.reserve_tokens + sum(one.reserve_tokens for one in self._prefilling)
        reserved = ratio * max(0, expected)
        while self._waiting and budget:
            sequence = self._waiting[0]
            match = self.pool.cache.match(sequence.text, sequence.reusable_blocks)
            if len(self._running) >= self.profile.max_running or not self._fits(sequence, match, reserved):
                return False
            self._waiting.popleft()
            self._start(sequence, match)
            # Those admitted together reserve all that they may write, as in SGLang.
            reserved += max(0, sequence.reserve_tokens)
            budget -= self._plan_chunk(sequence, budget)
        return True

    def _fits(self, sequence: Sequence, match: Match, reserved: float) -> bool:
        room = self.pool.available_beside(match)
        block_tokens = self._block_tokens
        # Those that decode take their blocks at the end of this same step.
        now = blocks_for(sequence.target_tokens, block_tokens) - match.blocks + self._decoding.blocks_for(1)
        in_the_end = sequence.target_tokens + max(0, sequence.reserve_tokens)
        later = blocks_for(in_the_end, block_tokens) - match.blocks
        return now <= room and later * block_tokens + reserved <= room * block_tokens

    def _start(self, sequence: Sequence, match: Match) -> None:
        self._admitted += 1
        sequence.serial = self._admitted
        residency.enter(self.pool, sequence, match)
        if sequence.cached_tokens is None:
            sequence.cached_tokens = sequence.kv_tokens
            self.totals.prompt_tokens += sequence.prompt_tokens
            self.totals.cached_tokens += sequence.kv_tokens
        self._running[sequence.request.id] = sequence
        self._prefilling.append(sequence)

    def _measure(self) -> Step:
        decoding, chunks = self._decoding, self._chunks
        first_ns = self.profile.step_ns(
            prefill_tokens=sum(tokens for _, tokens in chunks),
            kv_tokens=decoding.kv_tokens + sum(sequence.kv_tokens for sequence, _ in chunks),
            sequences=len(decoding) + len(chunks),
            prefill_pairs=sum(
                tokens * sequence.kv_tokens + tokens * (tokens - 1) // 2 for sequence, tokens in chunks
            ),
        )
        limit = 1 if chunks else self._repeat_limit()
        return Step(first_ns, self.profile.kv_token_ns * len(decoding), limit)

    def _repeat_limit(self) -> int:
        limit = self._decoding.steps_to_end()
        if self._waiting:
            limit = min(limit, LOOK_EVERY_STEPS - self._steps % LOOK_EVERY_STEPS)
        return self._decoding.steps_within(self.pool.available, limit)

    # Ending

    def _end_prefill(self) -> list[Sequence]:
        """Return those whose prompt is now computed; each has one token more."""
        if not self._chunks:
            return []
        for sequence, tokens in self._chunks:
            sequence.kv_tokens += tokens
        complete = [one for one, _ in self._chunks if one.kv_tokens == one.target_tokens and not one.aborted]
        self._chunks.clear()
        for sequence in complete:
            self._prefilling.remove(sequence)
            sequence.generated += 1
            residency.share(self.pool, sequence)
            if not sequence.is_complete:
                self._decoding.add(sequence)
        self.totals.generated_tokens += len(complete)
        return complete

    def _finish(self, sequence: Sequence) -> None:
        self._leave(sequence)
        self.totals.finished += 1
        del self._known[sequence.request.id]

    def _leave(self, sequence: Sequence) -> None:
        """Take a running sequence out of the batch and out of memory."""
        if sequence in self._decoding:
            self._decoding.remove(sequence)
        elif sequence in self._prefilling:
            self._prefilling.remove(sequence)
        del self._running[sequence.request.id]
        residency.leave(self.pool, sequence)
        self._look = True

    def _token(self, sequence: Sequence) -> Token:
        decoding = sequence in self._decoding
        position = self._decoding.generated(sequence) if decoding else sequence.generated
        return Token(sequence.request.id, position, sequence.is_complete, sequence.cached_tokens or 0)
