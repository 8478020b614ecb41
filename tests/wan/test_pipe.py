"""The pipe in virtual time: order, window, stalls, cuts."""

import heapq
import itertools
import math
import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from nightshift.wan.delay import DelayLine, Path
from nightshift.wan.lane import Lane
from nightshift.wan.pipe import Pipe

KIB = 1024


class World:
    """A clock that jumps from ring to ring, a source that obeys, and a record of what arrived when."""

    def __init__(self, path: Path) -> None:
        self.now = 50.0
        self.heap: list[tuple[float, int, Callable[[float], None]]] = []
        self.count = itertools.count()
        self.paused = False
        self.got: list[tuple[float, int]] = []
        self.lane = Lane(path)
        self.pipe = Pipe(self.lane, DelayLine(path, random.Random(1)), self, self)

    def clock(self) -> float:
        return self.now

    def at(self, due_s: float, ring: Callable[[float], None]) -> None:
        heapq.heappush(self.heap, (due_s, next(self.count), ring))

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def send(self, number: int, size: int = 10) -> None:
        self.pipe.send(size, self.arrive, number)

    def arrive(self, number: int) -> None:
        self.got.append((self.now, number))

    def run(self, for_s: float = 1000.0) -> None:
        end = self.now + for_s
        while self.heap and self.heap[0][0] <= end:
            due, _, ring = heapq.heappop(self.heap)
            self.now = max(self.now, due)
            ring(self.now)
        self.now = end

    def reading(self) -> bool:
        return not self.paused

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.got]


def test_a_chunk_takes_one_delay() -> None:
    world = World(Path(0.07))
    world.send(1)
    assert world.got == []
    world.run()
    assert world.got == [(50.07, 1)]
    assert (world.lane.chunks, world.lane.bytes, world.pipe.in_flight_bytes) == (1, 10, 0)


def test_without_a_delay_nothing_waits() -> None:
    world = World(Path())
    world.send(1)
    assert world.numbers == [1]
    assert world.heap == []


def test_one_ring_is_asked_for_however_much_waits() -> None:
    world = World(Path(0.07))
    for number in range(100):
        world.send(number)
    assert len(world.heap) == 1


def test_a_full_window_pauses_the_source_and_half_of_it_resumes() -> None:
    world = World(Path(0.1, 0, 1e6))
    world.send(0, 200 * KIB)
    assert world.reading()
    world.send(1, 100 * KIB)
    assert not world.reading()
    world.run()
    assert world.reading()
    assert world.numbers == [0, 1]


def test_a_destination_that_stalls_stalls_the_source() -> None:
    world = World(Path(0.1))
    world.pipe.stall()
    sent = 0
    while world.reading():
        world.send(sent, 64 * KIB)
        sent += 1
        world.run(1)
    assert world.got == []
    assert world.pipe.in_flight_bytes <= world.lane.path.window_bytes + 64 * KIB
    world.pipe.unstall()
    assert world.numbers == list(range(sent))
    assert world.reading()
    assert world.lane.lateness.max_s == 0  # waiting for the destination is not the relay's lateness


def test_a_reset_does_not_wait_for_a_stalled_destination() -> None:
    world = World(Path(0.1))
    world.pipe.stall()
    world.send(1)
    world.pipe.ignore_stalls()
    world.send(2, 0)
    world.pipe.stall()
    world.run()
    assert world.numbers == [1, 2]


def test_what_is_held_sets_out_again_when_healed() -> None:
    world = World(Path(0.1))
    world.send(1)
    world.run(0.05)
    world.lane.cut()
    world.run(10)
    world.send(2)
    assert world.got == []
    assert not world.pipe.was_held
    healed_s = world.now
    world.lane.heal()
    assert world.got == []
    world.send(3)
    world.run()
    assert world.numbers == [1, 2, 3]
    assert all(when >= healed_s + 0.1 for when, _ in world.got)
    assert world.pipe.was_held


def test_healing_what_is_not_cut_changes_nothing() -> None:
    world = World(Path(0.1))
    world.send(1)
    world.run(0.05)
    world.lane.heal()
    world.run()
    assert world.got == [(50.1, 1)]


def test_a_closed_pipe_drops_everything_and_lets_its_source_read() -> None:
    world = World(Path(0.1))
    world.send(1, 5000 * KIB)
    assert not world.reading()
    world.pipe.close()
    world.send(2)
    world.run()
    assert world.got == []
    assert world.reading()
    assert world.lane.in_flight_bytes == 0


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 300 * KIB)),
        st.tuples(st.just("wait"), st.integers(0, 200)),
        st.tuples(st.sampled_from(["cut", "heal", "stall", "unstall"]), st.just(0)),
    ),
    max_size=60,
)


@given(_steps, st.sampled_from([0.0, 0.02]), st.sampled_from([1e6, math.inf]))
def test_whatever_happens_all_arrives_once_in_order_and_never_early(
    steps: list[tuple[str, int]], jitter_s: float, bytes_per_s: float
) -> None:
    world = World(Path(0.05, jitter_s, bytes_per_s))
    sent_s: list[float] = []

    def send(size: int) -> None:
        if world.reading():
            sent_s.append(world.now)
            world.send(len(sent_s) - 1, size)

    actions: dict[str, Callable[[int], None]] = {
        "send": send,
        "wait": lambda ms: world.run(ms / 1000),
        "cut": lambda _: world.lane.cut(),
        "heal": lambda _: world.lane.heal(),
        "stall": lambda _: world.pipe.stall(),
        "unstall": lambda _: world.pipe.unstall(),
    }
    for name, argument in [*steps, ("heal", 0), ("unstall", 0)]:
        actions[name](argument)
        assert world.pipe.in_flight_bytes <= world.lane.path.window_bytes + 300 * KIB
    world.run()
    assert world.numbers == list(range(len(sent_s)))
    assert all(when >= sent_s[number] + 0.05 - 1e-9 for when, number in world.got)
    assert world.pipe.in_flight_bytes == 0
    assert world.reading()
