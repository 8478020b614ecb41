"""One delivery, on connections that are played: what its end leaves alone."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from nightshift.proxy.delivery import Delivery
from nightshift.proxy.limits import Limits
from nightshift.proxy.response_head import ResponseHead
from nightshift.proxy.upstream import Upstream


class Played:
    """A pool, and the transport of its only connection, whose task of connecting has not ended yet."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        self.aborted = False
        self.connection: Upstream

    def take(self) -> None:
        return None

    def connect(self, delivery: Delivery) -> tuple[Upstream, asyncio.Task[None]]:
        home: Any = self
        self.connection = Upstream(home, delivery, Limits())
        self.connection.transport = home
        return self.connection, self.task

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


class Deaf:
    def __getattr__(self, name: str) -> Any:
        return lambda *args: None


def test_a_connection_that_has_answered_is_not_closed_by_its_late_connecting() -> None:
    async def scene() -> None:
        pool: Any = Played()
        recipient: Any = Deaf()
        delivery = Delivery(pool, b"GET", recipient)
        delivery.start()
        delivery.connected(pool.connection)
        delivery.head(ResponseHead(200, b"OK", [], {}, None))
        delivery.complete()
        delivery.cancel()
        assert not pool.task.cancelling()
        assert not pool.aborted
        pool.task.cancel()

    asyncio.run(scene())


def test_a_connection_that_is_being_opened_for_nobody_is_given_up() -> None:
    async def scene() -> None:
        pool: Any = Played()
        recipient: Any = Deaf()
        delivery = Delivery(pool, b"GET", recipient)
        delivery.start()
        delivery.cancel()
        assert pool.task.cancelling()
        assert pool.aborted

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("number", "ours"), [(errno.ECONNREFUSED, False), (errno.ETIMEDOUT, False), (errno.EMFILE, True)]
)
def test_what_this_process_lacks_is_not_the_targets_fault(number: int, ours: bool) -> None:
    told: list[bool] = []

    class Told(Deaf):
        def undelivered(self, reason: str, *, ours: bool) -> None:
            told.append(ours)

    async def fails() -> OSError:
        return OSError(number, "no")

    async def scene() -> None:
        pool: Any = Played()
        pool.task.cancel()
        pool.task = asyncio.get_running_loop().create_task(fails())
        recipient: Any = Told()
        Delivery(pool, b"GET", recipient).start()
        await pool.task

    asyncio.run(scene())
    assert told == [ours]
