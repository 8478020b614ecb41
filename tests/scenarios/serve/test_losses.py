"""Parts of a service die or hang under load: who had something there hears of it, and nobody else."""

import signal

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports
from tests.scenarios.serve.load import REFUSED, Load
from tests.soak.journal import How


def ready(view: dict[str, object], replicas: int) -> bool:
    return view["status"] == "READY" and view["replicas_ready"] == replicas


def test_a_killed_balancer_is_taken_over_and_comes_back(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.cli("up", str(bed.file(ports, replicas=4)), "-y")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(20)
        assert bed.view()["balancers"][0]["replicas"] == ["demo-r1", "demo-r3"]

        bed.kill("demo-b1")
        bed.until(lambda view: len(having(view, THERE)) == 4, f"{THERE} has all replicas")
        load.until_answered(20, THERE)

        bed.until(lambda view: having(view, HERE) == {"demo-r1", "demo-r3"}, f"{HERE} has its own again")
        bed.until(lambda view: having(view, THERE) == {"demo-r2", "demo-r4"}, "and nobody else has them")
        load.until_answered(20)
    assert load.failed(THERE) == []
    ends = {one.how for one in load.failed(HERE)}
    assert ends <= {REFUSED, How.NO_ANSWER, How.CUT}, [str(one) for one in load.failed(HERE)]
    assert sum(one.how != REFUSED for one in load.failed(HERE)) <= 2, "one request for each user"
    assert load.lost(no_answer=True) == []
    assert bed.programs() == {"engine": 4, "balancer": 2, "wan": 1, "controller": 1}


def having(view: dict[str, object], region: str) -> set[str]:
    """Return the replicas that the balancer of a region knows."""
    balancers = view["balancers"]
    assert isinstance(balancers, list)
    mine = [b for b in balancers if b["region"] == region and b["status"] == "READY"]
    return set(mine[0]["replicas"] or ()) if mine else set()


@pytest.mark.long
def test_replicas_that_die_or_hang_are_replaced_in_their_regions(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.cli("up", str(bed.file(ports, replicas=4)), "-y")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(20)
        bed.kill("demo-r1")
        bed.tell(bed.process("demo-r2"), signal.SIGSTOP)
        load.until_answered(20)
        bed.until(lambda view: ready(view, 4), "all are replaced")
        load.until_answered(20)
        view = bed.view()
    assert [(r["name"], r["region"]) for r in view["replicas"] if not r["gone"]] == [
        *(("demo-r3", HERE), ("demo-r4", THERE), ("demo-r5", HERE), ("demo-r6", THERE))
    ]
    states = [change.now for change in bed.changes() if change.unit == "demo-r2"]
    assert states[-3:] == ["READY", "NOT_READY", "FAILED_PROBING"]
    for one in load.failed():
        assert one.how == How.CUT, "what had not begun to answer went elsewhere"
        assert one.replica in {"demo-r1", "demo-r2"}
    assert load.lost() == []
