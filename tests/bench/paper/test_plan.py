"""The plan is the paper's setup."""

from pathlib import Path

import pytest

from nightshift.bench.compare.experiment import Time
from nightshift.bench.paper.plan import PARTS, REPLICAS, parts_named
from nightshift.bench.paper.run import experiment_of, figures_of
from nightshift.errors import UserError


def users(name: str) -> list[int]:
    (part,) = (part for part in PARTS if part.name == name)
    return [region.users for region in part.regions]


def test_clients_and_replicas_are_those_of_the_paper() -> None:
    assert users("fig8-arena") == [80, 80, 80]
    assert users("fig8-wildchat") == [40, 30, 30]
    assert users("fig8-tot") == [40, 20, 20]
    assert users("fig8-mixed") == [2, 20, 20]
    assert users("fig9") == [30]
    for part in PARTS:
        replicas = sum(region.replicas for region in part.regions)
        if part.figure == "8":
            assert replicas == 12
        if part.name.startswith("busy-"):
            twin = part.name.replace("busy-", "" if "fig9" in part.name else "fig8-")
            factor = 4 if "fig9" in part.name else 2
            assert users(part.name) == [factor * number for number in users(twin)]
            assert "the paper's clients" in part.note
        if part.figure == "10":
            assert [region.users for region in part.regions] == [120, 40, 40]
    tens = [sum(r.replicas for r in part.regions) for part in PARTS if part.figure == "10"]
    assert tens == list(REPLICAS) == [3, 6, 9, 12, 15, 18]


DIFFERENT = [part for part in PARTS if part.figure != "10" or part.name == "fig10-12"]
"""Those of Figure 10 differ in their replicas alone."""


@pytest.mark.parametrize("part", DIFFERENT, ids=lambda part: part.name)
def test_each_part_can_be_run(part, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    experiment = experiment_of(part, repetitions=3, seed=0, output_dir=tmp_path)
    assert experiment.repetitions == (1 if part.time is Time.LIVE else 3)
    for region in experiment.regions:
        programs = experiment.workload_of(region).users(region.name)
        assert len(programs) == region.users
        assert next(programs[0]).first()


def test_parts_go_by_name_or_beginning() -> None:
    assert [part.name for part in parts_named("fig9")] == ["fig9"]
    assert len(parts_named("fig10")) == 6
    assert [part.name for part in parts_named("live")] == ["live"]
    assert parts_named(None) == PARTS
    assert len(parts_named("fig9,fig9")) == 1
    with pytest.raises(UserError, match="no part 'fig7'; there are fig8-arena"):
        parts_named("fig7")


def test_figures_are_drawn_from_the_papers_own_parts_that_ran() -> None:
    everything = figures_of(PARTS, {part.name for part in PARTS})
    assert everything[8] == ["fig8-arena", "fig8-wildchat", "fig8-tot", "fig8-mixed"]
    assert everything[9] == ["fig9"]
    assert len(everything[10]) == 6
    assert figures_of(PARTS, {"fig9", "busy-fig9", "live"}) == {9: ["fig9"]}
