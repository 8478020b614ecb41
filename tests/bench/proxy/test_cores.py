"""Throughput is compared with that of one process in the same repetition, and with what the cores allow."""

import pytest

from nightshift.bench.proxy.contestants import CONTESTANTS, ours_by
from nightshift.bench.proxy.cores import Run, busiest, throughput
from nightshift.bench.proxy.statistics import Spread
from nightshift.bench.proxy.usage import Usage


def run(per_s: float, all_us: float = 100.0) -> Run:
    return Run(per_s, 80.0, all_us, 0.6, 0)


def test_pairs_within_a_repetition() -> None:
    single, two = [run(10_000), run(1_000)], [run(15_000), run(1_500)]
    found = throughput(ours_by(2, "own"), two, single, 2)
    assert found.speedup == Spread(1.5, 1.5, 1.5)
    assert found.attainable_per_s == pytest.approx(20_000)
    assert throughput(CONTESTANTS[1], single, single, 2).speedup is None


def test_the_busiest_process_with_all_its_threads() -> None:
    before = Usage({(1, 1): 100, (2, 2): 0}, 0)
    after = Usage({(1, 1): 200, (1, 3): 200, (2, 2): 100, (9, 9): 0}, 0)
    assert busiest(before, after) == pytest.approx(0.75)
    assert busiest(after, after) == 0.0
