"""Measures what decision 4 says: `PYTHONPATH=src python docs/decisions/0004_prefix_index.py`, some 2 minutes.

Times are the best of nine, of this process' CPU. Memory is the growth of a fresh process' resident memory.
"""

import gc
import multiprocessing
import os
import sys
import time
import timeit
from pathlib import Path
from random import Random

from nightshift.balancing.hash_ring import HashRing
from nightshift.balancing.messages import PromptKey
from nightshift.balancing.prefix_index import PrefixIndex

MIB = 2**20


def best_us(work, number: int) -> float:
    return min(timeit.repeat(work, number=number, repeat=9, timer=time.process_time)) / number * 1e6


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def key_times() -> None:
    for size in (1024, 32 * 1024, 512 * 1024):
        text = Random(1).randbytes(size)
        taken = best_us(lambda text=text: PromptKey.of("m", text), 2000 if size < 10**4 else 100)
        blocks = len(PromptKey.of("m", text).blocks) // 4
        print(f"key of {size:7} B: {blocks:4} blocks {taken:7.1f} us")


def index_times() -> None:
    rng = Random(1)
    system = rng.randbytes(300)
    hot = [PromptKey.of("m", system + rng.randbytes(724)) for _ in range(500)]
    index = PrefixIndex(256 * MIB)

    def serve(keys: list[PromptKey]) -> None:
        for key in keys:
            index.match(key, 15)
            index.insert(key, 2)

    serve(hot)
    print(f"match and insert, hot : {best_us(lambda: serve(hot), 4) / len(hot):.2f} us")
    for name, head in (("cold", b""), ("cold, shared head", system)):
        batches = [[PromptKey.of("m", head + rng.randbytes(1024)) for _ in range(5000)] for _ in range(9)]
        each = [best_of_one(lambda keys=keys: serve(keys)) / 5000 for keys in batches]
        print(f"match and insert, {name}: {min(each):.2f} us")


def best_of_one(work) -> float:
    return timeit.timeit(work, number=1, timer=time.process_time) * 1e6


def memory(count: int, size: int, budget: int) -> None:
    rng = Random(1)
    gc.collect()
    before, index = resident_bytes(), PrefixIndex(budget)
    for number in range(count):
        key = PromptKey.of("m", rng.randbytes(size))
        index.match(key, 255)
        index.insert(key, number % 8)
    grown = resident_bytes() - before
    start = time.process_time()
    gc.collect()
    collected_ms = (time.process_time() - start) * 1e3
    print(
        f"{count:9,} prompts of {size:6} B, budget {budget // MIB} MiB: resident +{grown / MIB:.0f} MiB, "
        f"accounted {index.used_bytes / MIB:.0f} MiB, {grown / count:.0f} B each; "
        f"full garbage collection {collected_ms:.0f} ms",
        flush=True,
    )


def ring_times() -> None:
    names = [f"http://10.0.{number // 250}.{number % 250}:8000" for number in range(1000)]
    print(f"ring of 1,000: built in {best_of_one(lambda: HashRing(names)) / 1e3:.0f} ms", end="")
    ring = HashRing(names)
    taken = best_us(lambda: (ring.remove(names[500]), ring.add(names[500])), 5)
    print(f", one removed and added in {taken / 1e3:.1f} ms")


def main() -> None:
    print(sys.version)
    key_times()
    index_times()
    ring_times()
    cases = [(200_000, 1024, 256), (10**6, 1024, 256), (10**6, 1024, 64), (2_500_000, 1024, 256)]
    for count, size, mib in [*cases, (20_000, 32 * 1024, 256)]:
        process = multiprocessing.get_context("spawn").Process(target=memory, args=(count, size, mib * MIB))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
