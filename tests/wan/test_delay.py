import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.wan.delay import DelayLine, Path

_paths = st.builds(
    Path,
    delay_s=st.floats(0, 0.3),
    jitter_s=st.sampled_from([0.0, 0.002, 0.05]),
    bytes_per_s=st.sampled_from([1e3, 1e6, math.inf]),
    loss=st.sampled_from([0.0, 0.01, 0.3]),
    stall_s=st.just(0.25),
)
# Pauses between chunks in seconds, and sizes in bytes (0: the end of a stream or a handshake).
_chunks = st.lists(st.tuples(st.floats(0, 0.2), st.integers(0, 65536)), min_size=1, max_size=60)


def _deliver(path: Path, chunks: list[tuple[float, int]], seed: int) -> list[tuple[float, int, float]]:
    line, now, delivered = DelayLine(path, random.Random(seed)), 100.0, []
    for pause_s, size in chunks:
        now += pause_s
        delivered.append((now, size, line.due_s(now, size)))
    return delivered


@given(_paths, _chunks, st.integers(0, 99))
def test_order_is_kept_and_nothing_is_early(path: Path, chunks: list[tuple[float, int]], seed: int) -> None:
    delivered = _deliver(path, chunks, seed)
    dues = [due for _, _, due in delivered]
    assert dues == sorted(dues)
    for now, size, due in delivered:
        assert due >= now + path.delay_s + size / path.bytes_per_s - 1e-9


@given(_paths, _chunks, st.integers(0, 99))
def test_throughput_never_exceeds_the_bandwidth(
    path: Path, chunks: list[tuple[float, int]], seed: int
) -> None:
    delivered = _deliver(path, chunks, seed)
    for first in range(len(delivered)):
        later = 0
        for _, size, due in delivered[first + 1 :]:
            later += size
            assert due - delivered[first][2] >= later / path.bytes_per_s - 1e-9


def test_what_is_lost_is_late_by_a_retransmission_and_so_is_what_follows_it() -> None:
    path = Path(delay_s=0.05, loss=0.1, stall_s=0.3)
    delivered = _deliver(path, [(0.01, 100)] * 2000, seed=1)
    took = [due - now for now, _, due in delivered]
    alone = [due - now for now, _, due in _deliver(path, [(1.0, 100)] * 2000, seed=1)]
    assert {round(one, 6) for one in alone} == {0.05, 0.35}
    assert 0.07 < sum(one > 0.05 + 1e-9 for one in alone) / 2000 < 0.13
    assert max(took) <= 0.35 + 1e-9
    assert sum(one > 0.05 + 1e-9 for one in took) > 1000  # 30 chunks stand behind each that was lost


@given(_paths, _chunks, st.integers(0, 99))
def test_same_seed_same_times(path: Path, chunks: list[tuple[float, int]], seed: int) -> None:
    assert _deliver(path, chunks, seed) == _deliver(path, chunks, seed)


@given(_chunks, st.integers(0, 99))
def test_jitter_is_bounded_for_a_chunk_that_waits_for_no_other(
    chunks: list[tuple[float, int]], seed: int
) -> None:
    path = Path(delay_s=0.05, jitter_s=0.01)
    spaced = [(pause_s + 1, size) for pause_s, size in chunks]
    for now, _, due in _deliver(path, spaced, seed):
        assert 0.05 - 1e-9 <= due - now <= 0.08 + 1e-9


def test_jitter_differs_between_chunks() -> None:
    path = Path(delay_s=0.05, jitter_s=0.01)
    assert len({round(due - now, 6) for now, _, due in _deliver(path, [(1.0, 1)] * 20, 0)}) > 10


def test_bandwidth_makes_chunks_wait_for_each_other() -> None:
    delivered = _deliver(Path(0.1, 0, 1000), [(0, 500), (0, 500)], 0)
    assert [due for _, _, due in delivered] == pytest.approx([100.6, 101.1])


def test_restart_forgets_what_was_not_delivered() -> None:
    line = DelayLine(Path(0.1, 0, 1000), random.Random(0))
    line.due_s(0, 5000)
    line.restart(1.0)
    assert line.due_s(1.0, 0) == pytest.approx(1.1)


@given(_paths, st.sampled_from([1.0, 2.0, 10.0]))
def test_a_faster_path_scales_every_delay(path: Path, speed: float) -> None:
    slow, fast = _deliver(path, [(0, 4096)], 7)[0], _deliver(path.faster(speed), [(0, 4096)], 7)[0]
    assert fast[2] - fast[0] == pytest.approx((slow[2] - slow[0]) / speed, abs=1e-9)


def test_the_window_is_the_bandwidth_delay_product_within_bounds() -> None:
    assert Path().window_bytes == Path(0.001, 0, 1e6).window_bytes == 256 * 1024
    assert Path(0.1, 0, 5e6).window_bytes == 1_000_000
    assert Path(0.1).window_bytes == 4 * 1024 * 1024
