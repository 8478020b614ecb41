"""Cells have names of their own, and a wrong one is answered with the known ones."""

import pytest

from nightshift.bench.proxy.cells import CELLS, find_cells
from nightshift.errors import UserError


def test_names_differ() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS)


def test_the_default_is_a_part_of_all() -> None:
    default, full = find_cells(None, full=False), find_cells(None, full=True)
    assert full == CELLS
    assert set(default) < set(full)
    assert {cell.connections for cell in default} == {1, 50, 200}
    assert {cell.hops for cell in default} == {1, 2}


def test_by_name() -> None:
    assert [c.name for c in find_cells("small-hot-50, small-stream-50,small-hot-50", full=False)] == [
        "small-hot-50",
        "small-stream-50",
    ]


@pytest.mark.parametrize("names", ["large-hot-50", "", ","])
def test_an_unknown_name(names: str) -> None:
    with pytest.raises(UserError, match="known are small-hot-1"):
        find_cells(names, full=False)
