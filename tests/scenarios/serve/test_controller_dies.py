"""The controller is killed at any moment: balancers go on, and the next one takes everything up."""

from random import Random
from time import monotonic

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports, until
from tests.scenarios.serve.load import Load

from nightshift.control.serve.pausing import pause

PROGRAMS = {"engine": 2, "balancer": 2, "wan": 1, "controller": 1}


def units(view: dict[str, object]) -> list[tuple[str, str]]:
    """Return name and endpoint of each unit that is there."""
    both = [*view["replicas"], *view["balancers"]]  # type: ignore[misc] # JSON
    return [(unit["name"], unit["endpoint"]) for unit in both if not unit["gone"]]


@pytest.mark.long
def test_nobody_notices_that_the_controller_is_gone(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.cli("up", str(bed.file(ports, replicas=2)), "-y")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(10)
        before = units(bed.view())
        bed.kill_controller()
        load.until_answered(20)
        bed.kill("demo-r1")  # nobody is there to see it
        load.until_answered(10)
        bed.cli("status")
        view = bed.until(
            lambda view: view["status"] == "READY" and view["replicas_ready"] == 2, "whole again"
        )
        load.until_answered(10)
    assert units(view)[1:] == [("demo-r3", units(view)[1][1]), *before[2:]]
    assert bed.programs() == PROGRAMS
    assert [one for one in load.failed() if one.replica != "demo-r1"] == []
    assert load.lost() == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_controller_that_dies_while_it_launches_or_ends_is_followed_by_one_that_goes_on(
    bed: Bed, seed: int
) -> None:
    rng = Random(seed)
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    file = bed.file(ports, replicas=2)

    bed.cli("up", str(file), "-y", "--async")
    for _ in range(2):
        let_pass(rng.uniform(0.0, 1.2))
        bed.kill_controller()
        bed.cli("status")
    bed.until(lambda view: view["status"] == "READY", "whole after two kills")
    until(lambda: bed.programs() == PROGRAMS, lambda: f"nothing twice: {bed.programs()}")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(10)
    assert load.failed() == []

    down = bed.begin("down", "demo", "-y")
    for _ in range(2):
        let_pass(rng.uniform(0.0, 0.6))
        bed.kill_controller()
        bed.cli("status")
    down.communicate(timeout=60)  # it may have lost the controller that it spoke to, and says so
    bed.cli("down", "-a", "-y")
    until(lambda: not bed.programs(), lambda: f"nothing remains: {bed.programs()}")
    assert not any((bed.places.units / "demo").glob("units/*"))


def let_pass(seconds: float) -> None:
    """Wait for a moment that was drawn; it is the moment that is tested."""
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        pause(left)
