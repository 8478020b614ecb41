"""Parts by name, always in the same order."""

import pytest

from nightshift.bench.proxy.descriptors import SPARE, raise_limit, streams_within
from nightshift.bench.proxy.parts import PARTS, find_parts
from nightshift.errors import UserError


def test_names() -> None:
    assert find_parts("memory, cells") == ("cells", "memory")
    assert find_parts("all") == tuple(PARTS)
    for wrong in ("", "all,cells", "memroy"):
        with pytest.raises(UserError, match="known are cells, "):
            find_parts(wrong)


def test_a_stream_takes_two_descriptors() -> None:
    assert streams_within(2 * 10_000 + SPARE) == 10_000
    assert raise_limit() >= 256
