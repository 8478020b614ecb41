"""Who may be connected, and who is one party."""

from __future__ import annotations

import resource
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.doors import Doors, party, raise_file_limit
from nightshift.proxy.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"))))
def test_doors_count_exactly(steps: list[tuple[bool, str]]) -> None:
    doors = Doors(Limits(connections=4, connections_per_client=2))
    inside: Counter[str] = Counter()
    for entering, client in steps:
        if entering:
            error = doors.enter(client)
            full, crowded = inside.total() == 4, inside[client] == 2
            assert (error.status if error else None) == (503 if full else 429 if crowded else None)
            inside[client] += error is None
        elif inside[client]:
            doors.leave(client)
            inside[client] -= 1
        assert doors.inside == inside.total()
        assert doors.clients == sum(1 for count in inside.values() if count)


def test_a_party_is_an_address_or_a_network_of_ipv6() -> None:
    assert party(("10.1.2.3", 5)) == party(("10.1.2.3", 6)) != party(("10.1.2.4", 5))
    assert party(("2001:db8::1", 5, 0, 0)) == party(("2001:db8::ffff:1", 5, 0, 0))
    assert party(("2001:db8::1", 5, 0, 0)) != party(("2001:db8:0:1::1", 5, 0, 0))
    assert party(("::ffff:10.1.2.3", 5, 0, 0)) == "10.1.2.3"
    assert party(("fe80::1%eth0", 5, 0, 2)) == party(("fe80::1", 5, 0, 2))
    assert party("") == party(None) == party("/run/socket") == ""


@pytest.fixture
def files() -> Iterator[tuple[int, int]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield soft, hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes(files: tuple[int, int]) -> None:
    _, hard = files
    low = 300
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    assert raise_file_limit(10) is None
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == low, "it is enough as it is"
    assert raise_file_limit(100) is None
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 456
    if hard != resource.RLIM_INFINITY:
        warning = raise_file_limit(hard)
        assert warning is not None
        assert f"{2 * hard + 256} open files" in warning
        assert str((hard - 256) // 2) in warning
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
