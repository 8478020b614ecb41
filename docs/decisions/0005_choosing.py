"""Measures what decision 5 says: `PYTHONPATH=src python docs/decisions/0005_choosing.py`, some 20 seconds.

CPU time of this process for one request, from `request_arrived` to `request_ended`, two requests under way for each replica;
best and median of six batches. By pending; 4,000 prompts of 1 kB with 64 different beginnings.
"""

import gc
import time
from random import Random
from statistics import median

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import PromptKey, ReplicaReport, Request
from nightshift.balancing.switches import Switches

REQUESTS = 4000
REPORT = ReplicaReport(pending=0, running=40, kv_use=0.5)


def us(started: float, count: int) -> float:
    return (time.process_time() - started) / count * 1e6


def prompts() -> list[PromptKey]:
    rng = Random(1)
    beginnings = [rng.randbytes(900) for _ in range(64)]
    return [PromptKey.of("m", beginnings[n % 64] + b"%08d" % n * 15) for n in range(REQUESTS)]


def batch(balancer: Balancer, now: float, keys: list[PromptKey], window: int) -> float:
    requests = [Request(f"{now}-{number}", key) for number, key in enumerate(keys)]
    gc.collect()
    started = time.process_time()
    for number, request in enumerate(requests):
        now += 1e-6
        balancer.request_arrived(now, request)
        if number >= window:
            balancer.request_ended(now, requests[number - window].id)
    taken = us(started, REQUESTS)
    for request in requests[-window:]:
        balancer.request_ended(now, request.id)
    return taken


def measure(policy: str, replicas: int, keys: list[PromptKey]) -> None:
    balancer = Balancer(name="me", switches=Switches(replica_policy=policy), rng=Random(0))
    names = [str(number) for number in range(replicas)]
    balancer.targets_changed(0.0, replicas=names, peers=())
    taken = []
    for turn in range(7):
        for name in names:
            balancer.replica_probed(float(turn), name, REPORT)
        taken.append(batch(balancer, float(turn), keys, min(2 * replicas, 2000)))
    started = time.process_time()
    for turn in range(3):
        for name in names:
            balancer.replica_probed(10.0 + turn, name, REPORT, 0.001)
    probe = us(started, 3 * replicas)
    started = time.process_time()
    for _ in range(200):
        balancer.report()
    report = us(started, 200)
    started = time.process_time()
    for _ in range(200):
        balancer.time_passed(12.0)
    print(
        f"{policy:12} {replicas:5} replicas: request {min(taken[1:]):5.1f} us, median {median(taken[1:]):5.1f}; "
        f"probe {probe:4.1f}, report {report:4.1f}, tick {us(started, 200):4.1f}"
    )


if __name__ == "__main__":
    KEYS = prompts()
    for choose in ("least_load", "prefix_tree"):
        for count in (1, 4, 10, 100, 1000):
            measure(choose, count, KEYS)
