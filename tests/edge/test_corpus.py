"""The corpus against this balancer, over real sockets: no row is missed.

All rows run at once in one scene, each on a connection of its own; the tests read the verdicts.
"""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from tests.edge.corpus import ALL, Row
from tests.edge.judge import Verdict, judge
from tests.edge.origin import serve_origin
from tests.proxy.conftest import _world

from nightshift.processes import address_of, bind

PATIENCE_S = 1.0
NOT_YET: dict[str, str] = {}
"""Rows that are missed today, each with what it needs: take a line out to switch its test on."""


class _Origin:
    """What `World.balancer` wants of an engine."""

    def __init__(self, address: str) -> None:
        self.address = address


async def _verdicts() -> dict[str, Verdict]:
    async with asyncio.timeout(60), _world() as world:
        sock = bind("127.0.0.1", 0)
        origin = await serve_origin(sock)
        world.stack.push_async_callback(origin.cleanup)
        balancer = await world.balancer(_Origin(address_of(sock)))  # type: ignore[arg-type]
        found = [await judge(row, balancer.address, PATIENCE_S) for row in ALL]
        await balancer.until(lambda s: s["in_progress"] == s["outstanding"] == 0)
        return {verdict.row.name: verdict for verdict in found}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    """Every row, judged."""
    return uvloop.run(_verdicts())


def _case(row: Row) -> object:
    reason = NOT_YET.get(row.name)
    return pytest.param(row, id=row.name, marks=[] if reason is None else [pytest.mark.skip(reason=reason)])


@pytest.mark.parametrize("row", [_case(row) for row in ALL])
def test_row(row: Row, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[row.name].miss == "", f"RFC {row.rule} asks for {row.accepted}"


def test_names_differ() -> None:
    assert len({row.name for row in ALL}) == len(ALL)
