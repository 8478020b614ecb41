import pytest

from nightshift.bench.sweep.knee import Step, knee_of


def queue(load: float, capacity: float = 10.0) -> Step:
    """An M/M/1 queue, whose power is highest at half its capacity (Kleinrock)."""
    return Step(load, load, 1 / (capacity - load))


def test_the_knee_of_a_queue_is_at_half_its_capacity() -> None:
    knee = knee_of([queue(load) for load in (9.0, 1.0, 5.0, 7.0, 3.0)])
    assert knee is not None
    assert (knee.load, knee.inside) == (5.0, True)


@pytest.mark.parametrize(("loads", "at"), [((1.0, 2.0, 3.0), 3.0), ((6.0, 8.0, 9.0), 6.0)])
def test_a_knee_at_an_end_is_not_inside(loads: tuple[float, ...], at: float) -> None:
    knee = knee_of([queue(load) for load in loads])
    assert knee is not None
    assert (knee.load, knee.inside) == (at, False)


def test_two_steps_have_no_knee() -> None:
    assert knee_of([queue(1.0), queue(2.0)]) is None
