"""What balancers count becomes how many replicas there shall be."""

from typing import Any

from nightshift.control.controller.scaling import Scaler
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.rows import ServiceRow, UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import Scaling

SCALING = Scaling(1, 4, target_qps_per_replica=1.0, up_delay_s=60.0, down_delay_s=120.0)


def fleet(ready: int) -> Fleet:
    rows = tuple(
        UnitRow(f"svc-r{n}", "svc", Kind.REPLICA, n, 1, "us-east-2", 0, State.READY, 0.0, 0.0)
        for n in range(1, ready + 1)
    )
    return Fleet(ServiceRow("svc", 1, 0.0, desired=ready), rows)


def state(arrived: int, from_peers: int = 0) -> dict[str, Any]:
    waits = {"sum": 0.0, "count": arrived, "buckets": {"1": arrived, "+Inf": arrived}}
    counters = {"arrived": arrived, "from_peers": from_peers}
    return {"counters": counters, "queue": 0, "replica": {}, "queue_wait_s": waits}


def play(scaler: Scaler, seconds: int, per_second: int, peers: int = 0, ready: int = 1) -> int:
    desired = 0
    for now in range(seconds):
        states = {"b1": state(now * per_second, now * peers), "b2": state(now * per_second)}
        desired = scaler.desired(float(now), fleet(ready), states)
    return desired


def test_load_of_all_balancers_brings_replicas_after_the_delay() -> None:
    assert play(Scaler(SCALING, 1), 50, per_second=1) == 1
    assert play(Scaler(SCALING, 1), 200, per_second=1) == 2


def test_what_was_handed_over_counts_once() -> None:
    assert play(Scaler(SCALING, 1), 200, per_second=1, peers=1) == 1


def test_a_fixed_number_is_fixed() -> None:
    assert play(Scaler(Scaling(3, 3), 3), 200, per_second=9) == 3
