"""Two runs of the same requests, compared."""

from dataclasses import replace

import pytest
from tests.bench.asked import ASKED

from nightshift.bench.records import RequestRecord
from nightshift.bench.trust.agreement import agreement


def record(program: str, turn: int, start: float, e2e: float | None, **more: object) -> RequestRecord:
    made = replace(
        ASKED,
        uid=f"{program}-{turn}",
        turn=turn,
        program_id=program,
        start=start,
        end=start + (e2e or 1.0),
        ttft=None if e2e is None else e2e / 10,
        e2e_latency=e2e,
        unfinished=e2e is None,
        input_tokens=100,
        output_tokens=50,
        cached_tokens=0,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_run_agrees_with_itself() -> None:
    run = [record("a", turn, 2.0 * turn, 1.0 + turn, cached_tokens=40) for turn in range(5)]
    same = agreement(run, run)
    assert (same.pairs, same.only_measured, same.only_said) == (5, 0, 0)
    assert same.e2e is not None
    assert (same.e2e.error_p50, same.e2e.error_p90) == (0.0, 0.0)
    assert (same.hit_rate_points, same.throughput_error) == (0.0, 0.0)


def test_errors_are_relative_to_what_was_measured() -> None:
    real = [record(f"p{n}", 0, n, 2.0, cached_tokens=50) for n in range(4)]
    model = [record(f"p{n}", 0, n, 2.5, cached_tokens=47) for n in range(4)]
    found = agreement(real, model)
    assert found.e2e is not None
    assert found.ttft is not None
    assert found.e2e.error_p50 == pytest.approx(0.25)
    assert found.ttft.error_p90 == pytest.approx(0.25)
    assert found.hit_rate_points == pytest.approx(3.0)
    assert found.throughput_error == pytest.approx(1 - 5.0 / 5.5)


def test_what_only_one_of_them_asked_is_counted_and_not_compared() -> None:
    real = [record("a", 0, 0, 1.0), record("a", 1, 1, 1.0), record("b", 0, 2, None)]
    model = [record("a", 0, 0, 1.0), record("b", 0, 1, 3.0), record("c", 0, 2, 1.0)]
    found = agreement(real, model)
    assert (found.pairs, found.only_measured, found.only_said) == (1, 1, 2)
    assert found.as_dict()["e2e"]["error_p50"] == 0.0


def test_branches_of_a_tree_are_paired_in_the_order_of_asking() -> None:
    real = [record("t", 1, 0.1, 1.0), record("t", 1, 0.2, 2.0)]
    model = [record("t", 1, 0.4, 2.0), record("t", 1, 0.3, 1.0)]
    found = agreement(real, model)
    assert found.pairs == 2
    assert found.e2e is not None
    assert found.e2e.error_p90 == 0.0


def test_nothing_in_common_has_no_error() -> None:
    found = agreement([record("a", 0, 0, 1.0)], [])
    assert (found.pairs, found.e2e, found.hit_rate_points) == (0, None, None)
    assert found.throughput_error == 1.0
