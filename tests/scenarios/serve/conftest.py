"""A state folder of one's own, and the check that nothing is left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scenarios.serve.bed import Bed


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(tmp_path)
    yield bed
    assert bed.end() == []
