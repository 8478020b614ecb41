"""Choosing a target: what one decision costs, for a number of replicas and a length of the prompt.

The core alone, without any I/O, as it serves: `request_arrived`, which answers with a `Forward`, and
`request_ended`, both by the balancer's own state machine. The clock is the process's CPU time. What the
balancer is in between: as many requests under way as it has replicas, all replicas lately probed and idle.
Making the prompt's key out of the parsed body is timed apart, since it depends on the prompt alone.

*Hot* prompts come again and again, *cold* ones were never seen. Requests are made before the clock starts; a
figure is the median over batches.
"""

import gc
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from time import process_time_ns
from typing import Any

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import Forward, ReplicaReport, Request
from nightshift.balancing.prompt import CHAT_PATH, prompt_key
from nightshift.balancing.switches import Switches
from nightshift.bench.proxy.configs import EVERY_PROBE
from nightshift.bench.proxy.plan import Display
from nightshift.bench.proxy.traffic import MODEL

REPLICAS = (1, 10, 100, 1_000)
PROMPT_BYTES = (100, 1_000, 32_000, 512_000)
"""The longest is about 128k tokens."""
WAYS = (
    ("prefix_tree", "hot"),
    ("prefix_tree", "cold"),
    ("least_load", "hot"),
    ("consistent_hashing", "hot"),
)
_HOT = 8
_BATCH_BYTES = 16_000_000
_LARGEST_BATCH = 400
_STEP_S = 1e-4
"""Between two events, on the balancer's clock."""
_WORDS = "a region whose replicas are idle takes what another cannot serve in time and answers for it "


@dataclass(frozen=True, slots=True)
class Choosing:
    """One figure: CPU microseconds."""

    policy: str
    prompts: str
    replicas: int
    prompt_bytes: int
    us: float


@dataclass(frozen=True, slots=True)
class KeyMade:
    """CPU microseconds for making a key of a parsed body."""

    prompt_bytes: int
    us: float


def measure_choosing(display: Display, *, batches: int = 5) -> dict[str, Any]:
    """Measure all, and return this part of the summary."""
    rows = []
    total = len(WAYS) * len(REPLICAS) * len(PROMPT_BYTES)
    collecting = gc.isenabled()
    gc.disable()  # what the balancer runs with leaves next to no collections either (proxy/run.py)
    try:
        for policy, prompts in WAYS:
            for replicas in REPLICAS:
                for size in PROMPT_BYTES:
                    display.note(f"{policy} {prompts}, {replicas} replicas, prompts of {size:,} bytes")
                    us = cost_us(policy, replicas, size, cold=prompts == "cold", batches=batches)
                    rows.append(Choosing(policy, prompts, replicas, size, us))
                    display.measured(len(rows), total)
                    gc.collect()
        keys = [KeyMade(size, key_us(size, batches=batches)) for size in PROMPT_BYTES]
    finally:
        if collecting:
            gc.enable()
    return {"batches": batches, "rows": [asdict(row) for row in rows], "keys": [asdict(key) for key in keys]}


def cost_us(policy: str, replicas: int, prompt_bytes: int, *, cold: bool, batches: int) -> float:
    """Return the CPU microseconds of one decision, from arrival to end."""
    driver = _Driver(policy, replicas, _requests(prompt_bytes, cold=cold))
    driver.fill()
    count = max(4, min(_LARGEST_BATCH, _BATCH_BYTES // prompt_bytes))
    driver.batch(min(count, 50))
    return median(driver.batch(count) for _ in range(batches))


def key_us(prompt_bytes: int, *, batches: int) -> float:
    """Return the CPU microseconds of making a prompt's key; no two bodies are the same objects."""
    count = max(4, min(_LARGEST_BATCH, _BATCH_BYTES // prompt_bytes))
    numbers = iter(range(10**9))

    def batch() -> float:
        bodies = [_body(next(numbers), prompt_bytes) for _ in range(count)]
        started = process_time_ns()
        for body in bodies:
            prompt_key(CHAT_PATH, body)
        return (process_time_ns() - started) / count / 1e3

    batch()
    return median(batch() for _ in range(batches))


class _Driver:
    """A balancer with a steady number of requests under way; the oldest ends when another has arrived."""

    def __init__(self, policy: str, replicas: int, requests: Iterator[Request]) -> None:
        switches = replace(
            Switches(), replica_policy=policy, sends_per_probe=EVERY_PROBE, max_queue=max(10_000, replicas)
        )
        self._balancer = Balancer(name="here", switches=switches, rng=random.Random(0))
        self._ids = [f"replica-{number}" for number in range(replicas)]
        self._requests = requests
        self._under_way: deque[str] = deque()
        self._now = 0.0
        self._balancer.targets_changed(0.0, replicas=self._ids, peers=())
        self._probe()

    def _probe(self) -> None:
        self._now += 1.0
        for id_ in self._ids:
            self._balancer.replica_probed(
                self._now, id_, ReplicaReport(pending=0, running=1, kv_use=0.1), 0.001
            )

    def fill(self) -> None:
        """Have as many requests under way as there are replicas."""
        for _ in self._ids:
            self._arrive(next(self._requests))

    def _arrive(self, request: Request) -> None:
        self._now += _STEP_S
        (action,) = self._balancer.request_arrived(self._now, request)
        if not isinstance(action, Forward):
            raise TypeError(f"a replica was free, and yet: {action}")
        self._under_way.append(request.id)

    def batch(self, count: int) -> float:
        """Return the microseconds of one decision, over `count` of them."""
        self._probe()
        requests = [next(self._requests) for _ in range(count)]
        started = process_time_ns()
        for request in requests:
            self._arrive(request)
            self._now += _STEP_S
            self._balancer.request_ended(self._now, self._under_way.popleft())
        return (process_time_ns() - started) / count / 1e3


def _requests(prompt_bytes: int, *, cold: bool) -> Iterator[Request]:
    """Yield requests without end; each has a key object of its own, as on the wire."""
    number = 0
    while True:
        body = _body(number if cold else number % _HOT, prompt_bytes)
        yield Request(str(number), prompt_key(CHAT_PATH, body), hash_key=f"user-{number % 1_000}")
        number += 1


def _body(number: int, prompt_bytes: int) -> dict[str, object]:
    """Return a parsed body whose prompt has this size and differs from those of other numbers at once."""
    begin = f"{number * 0x9E3779B97F4A7C15 % 2**64:016x} "
    text = (begin + _WORDS * (prompt_bytes // len(_WORDS) + 1))[:prompt_bytes]
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]}


def growth(rows: Sequence[dict[str, Any]], of: Callable[[dict[str, Any]], bool], by: str) -> float | None:
    """Return largest / next to largest cost along `by` (`replicas` or `prompt_bytes`) among the rows `of`."""
    ordered = sorted((row for row in rows if of(row)), key=lambda row: row[by])
    return ordered[-1]["us"] / ordered[-2]["us"] if len(ordered) > 1 and ordered[-2]["us"] else None
