"""Replays what users ask through prefix caches, without engines or time: what hit rate is there to be had?

Users take turns, one call each, so that the order is the same whatever serves. Answers are made up as the
emulated engine makes them. A cache is the engine model's (`engine.prefix_cache`), one request at a time.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nightshift.balancing.hash_ring import HashRing
from nightshift.bench.figures.data import RunData
from nightshift.bench.figures.paper.used import asking_regions, workload_of
from nightshift.bench.workloads.base import Call, Program
from nightshift.engine.answers import answer_text, draw_answer_tokens, prompt_digest
from nightshift.engine.chat import render_chat
from nightshift.engine.prefix_cache import PrefixCache
from nightshift.engine.tokens import BLOCK_TOKENS, BYTES_PER_TOKEN

BLOCK_BYTES = BLOCK_TOKENS * BYTES_PER_TOKEN


@dataclass(frozen=True)
class Asked:
    """One request: its prompt, its prompt with the answer, and the key of consistent hashing."""

    prompt: bytes
    whole: bytes
    hash_key: str


class Player:
    """One user: plays programs one after another, a call at a time."""

    def __init__(self, programs: Iterator[Program]) -> None:
        self._programs = programs
        self._program: Program | None = None
        self._calls: deque[Call] = deque()

    def next(self) -> Asked | None:
        """Return the next request; None if the user has none any more."""
        if not self._calls:
            self._program = next(self._programs, None)
            if self._program is None:
                return None
            self._calls.extend(self._program.first())
        program, call = self._program, self._calls.popleft()
        assert program is not None  # noqa: S101 - calls come from a program
        prompt = render_chat((message["role"], message["content"]) for message in call.messages)
        digest = prompt_digest(prompt, 0)
        drawn = call.max_tokens if call.ignore_eos else min(call.max_tokens, draw_answer_tokens(digest))
        answer = answer_text(digest, drawn)
        self._calls.extend(program.answered(call, answer.decode()))
        return Asked(prompt, prompt + answer, program.hash_key)


def requests_of(run: RunData, limit: int) -> list[Asked]:
    """Return the first `limit` requests of all users of a run, taking turns."""
    players = deque(
        Player(programs)
        for region in asking_regions(run)
        for programs in workload_of(run, region).users(region)
    )
    found: list[Asked] = []
    while players and len(found) < limit:
        player = players.popleft()
        asked = player.next()
        if asked is not None:
            found.append(asked)
            players.append(player)
    return found


def hit_rate(requests: Sequence[Asked], replicas: Sequence[str], capacity_blocks: int | None) -> float:
    """Replay through one cache a replica, chosen by consistent hashing; return the share of blocks that hit.

    With one replica it is the optimum of a global view: what any cache holds is found. `capacity_blocks` is
    of each; None: without end.
    """
    ring, caches = HashRing(replicas), {name: PrefixCache() for name in replicas}
    hits = asked = 0
    for request in requests:
        name = ring.find(request.hash_key, caches)
        assert name is not None  # noqa: S101 - all are allowed
        blocks = len(request.prompt) // BLOCK_BYTES
        hits += _serve(caches[name], request, capacity_blocks)
        asked += blocks
    return hits / asked if asked else 0.0


def _serve(cache: PrefixCache, request: Asked, capacity: int | None) -> int:
    """Look a prompt up, keep it and its answer; return the blocks that were there."""
    whole_blocks = len(request.whole) // BLOCK_BYTES
    hit = cache.match(request.prompt, len(request.prompt) // BLOCK_BYTES).blocks
    if capacity is not None and whole_blocks > capacity:
        return hit
    match = cache.match(request.whole, whole_blocks)
    node = cache.pin(match)
    if capacity is not None:
        over = cache.blocks + whole_blocks - match.blocks - capacity
        cache.evict(max(0, min(over, cache.evictable)))
    cache.extend(node, request.whole, match.blocks, whole_blocks)
    cache.unpin(node)
    return hit


def rates(run: RunData, requests: Sequence[Asked], capacity_blocks: int | None) -> Mapping[str, float]:
    """Return the optimum of a global view, and what consistent hashing over the run's replicas has of it."""
    count = max(run.replicas, 1)
    together = None if capacity_blocks is None else capacity_blocks * count
    return {
        "optimum": hit_rate(requests, ["all"], together),
        "hashed": hit_rate(requests, [f"replica-{place}" for place in range(count)], capacity_blocks),
    }
