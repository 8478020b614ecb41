"""Each fault around a balancer (`surroundings.py`), on loopback: nothing lost, nobody blamed, nothing left.

What is done to a process is done to one of its own; the rest is played in the test's loop.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from tests.proxy.conftest import World, play  # noqa: F401 - the fixture
from tests.soak.asker import Asker, Ending
from tests.soak.asking import Question
from tests.soak.checker import Allowed, ledger_problems, problems
from tests.soak.faulty_engine import FaultyEngine, Script
from tests.soak.journal import How, Journal
from tests.soak.processes import Process, start_balancer, state_of
from tests.soak.surroundings import BAD_LINKS, WallClock, black_hole, no_files_left, stopped
from tests.soak.test_faults import connect, engines, nothing_left

from nightshift.processes import bind
from nightshift.wan.relay import Relay
from nightshift.wan.spec import WanSpec

if TYPE_CHECKING:
    from tests.proxy.conftest import Play

CONNECT_S = 0.3
LONG = 40
"""Tokens of an answer that is under way while something happens."""


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("others", [0, 1])
def test_a_connect_that_nobody_answers_ends_in_time_and_another_answers(play: Play, others: int) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 1 + others, Script())
        switches = {"replica_policy": "round_robin"}
        limits = {"connect_s": CONNECT_S}
        balancer = await world.balancer(*made, limits=limits, switches=switches)  # type: ignore[arg-type]
        journal = Journal()
        asker = await connect(world, balancer, journal)
        asker.patience_s = 10
        before = open_files()
        with black_hole(await made[0].unlisten()):  # its metrics come over a connection that is open
            ends = [await asker.ask(Question(f"n{number}")) for number in range(2)]
        if others:
            assert {end.how for end in ends} == {How.ANSWERED}
            assert any(end.queued_s >= CONNECT_S for end in ends)
        else:
            assert {(end.status, end.code) for end in ends} == {(502, "upstream_unreachable")}
        assert len(made[0].journal) == 0
        await nothing_left(balancer, made, journal)
        assert open_files() <= before + 2 * others  # both ends of a pooled connection to the one that answers

    play(scene)


# A balancer in a process of its own


@dataclass
class Alone:
    """A balancer in a process, and two engines in this loop."""

    process: Process
    engines: list[FaultyEngine]
    stack: AsyncExitStack
    journal: Journal = field(default_factory=Journal)

    async def asker(self) -> Asker:
        asker = await Asker.connect(self.process.address, self.journal, patience_s=20)
        self.stack.callback(asker.leave)
        return asker

    async def state(self) -> dict[str, Any]:
        return await asyncio.to_thread(state_of, self.process.address)

    async def until_asked(self, count: int) -> None:
        """Wait until the engines have so many requests under way."""
        while sum(e.what == "placed" for engine in self.engines for e in engine.journal) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    def forget(self) -> None:
        """Begin new journals, for the same questions."""
        self.journal = Journal()
        for engine in self.engines:
            engine.journal = Journal()

    async def at_rest(self, *, no_answer: bool = False) -> None:
        """Wait for quiescence: the ledger at zero, nobody ejected, no rule broken."""
        while True:
            state = await self.state()
            if state["in_progress"] == state["outstanding"] == 0:
                break
        assert ledger_problems(state) == []
        health = {id_: target["health"] for id_, target in state["replica"].items()}
        assert set(health.values()) == {"up"}, health
        for engine in self.engines:
            self.journal.add(engine.journal)
        assert problems(self.journal, Allowed(overlap_s=0.5, all_write=True, no_answer=no_answer)) == []


@asynccontextmanager
async def alone(folder: Path, environment: dict[str, str], **settings: Any) -> AsyncIterator[Alone]:
    async with AsyncExitStack() as stack:
        made = [FaultyEngine(f"r-{number}", Script(), pause_s=0.02) for number in range(2)]
        for engine in made:
            await engine.serve(bind("127.0.0.1", 0))
            stack.callback(engine.stop)
        replicas = [{"id": engine.name, "address": engine.address} for engine in made]
        config = {"name": "b", "region": "eu", "replicas": replicas, **settings}
        process = await asyncio.to_thread(lambda: start_balancer(folder, config, **environment))
        stack.callback(process.end)
        world = Alone(process, made, stack)
        while not all(target["reachable"] for target in (await world.state())["replica"].values()):
            pass
        yield world


def live(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60):
            await scene()

    uvloop.run(whole())


async def ask_long(world: Alone, count: int) -> list[asyncio.Task[Ending]]:
    """Have so many streams under way."""
    loop = asyncio.get_running_loop()
    askers = [await world.asker() for _ in range(count)]
    asked = [
        loop.create_task(asker.ask(Question(f"long-{n}", tokens=LONG, stream=True)))
        for n, asker in enumerate(askers)
    ]
    await world.until_asked(count)
    return asked


def test_without_files_what_runs_goes_on_what_comes_waits_and_it_recovers(tmp_path: Path) -> None:
    async def scene() -> None:
        async with alone(tmp_path, {}) as world:
            idle = [await world.asker() for _ in range(4)]
            under_way = await ask_long(world, 4)
            with no_files_left(world.process):
                cpu_s, began = world.process.cpu_s, asyncio.get_running_loop().time()
                strangers = [asyncio.create_task(stranger(world, n)) for n in range(20)]
                waiting = [asyncio.create_task(asker.ask(Question(f"w-{n}"))) for n, asker in enumerate(idle)]
                assert {(await task).how for task in under_way} == {How.ANSWERED}
                # They wait for a connection that another request leaves in the pool.
                assert {(await task).how for task in waiting} == {How.ANSWERED}
                await asyncio.wait(strangers)
                took = asyncio.get_running_loop().time() - began
                assert world.process.cpu_s - cpu_s < 0.5 * took + 0.1, "it spins"
            new = await world.asker()
            assert (await new.ask(Question("after", stream=True))).how is How.ANSWERED
            await world.at_rest(no_answer=True)

    live(scene)


async def stranger(world: Alone, number: int) -> None:
    """Connect, and ask if that is possible: without a file for it, the connection is closed."""
    try:
        asker = await world.asker()
    except OSError:
        return
    await asker.ask(Question(f"stranger-{number}"))


async def accepted(asker: Asker) -> None:
    """Return when the balancer has accepted the connection: when it has answered on it.

    Counting the process's files would not tell: a probe's connection that closes meanwhile is one less.
    """
    asker.writer.write(b"GET /health HTTP/1.1\r\nhost: b\r\n\r\n")
    head = await asker.reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await asker.reader.readexactly(int(length.partition(b":")[2]))


def test_without_files_and_idle_connections_requests_wait_until_there_are_some(tmp_path: Path) -> None:
    async def scene() -> None:
        async with alone(tmp_path, {}) as world:
            askers = [await world.asker() for _ in range(4)]
            for asker in askers:
                await accepted(asker)
            with no_files_left(world.process):
                tasks = [asyncio.create_task(a.ask(Question(f"n{n}"))) for n, a in enumerate(askers)]
                # No new connection for the state: the log tells that they were tried.
                while not any("not delivered" in line for line in world.process.log_lines()):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert {(await task).how for task in tasks} == {How.ANSWERED}
            await world.at_rest()

    live(scene)


def test_a_process_that_was_stopped_loses_no_request_and_blames_nobody(tmp_path: Path) -> None:
    limits = {"between_chunks_s": 0.5, "first_byte_s": 0.8, "probe_s": 0.5, "idle_s": 1.0, "header_s": 1.0}

    async def scene() -> None:
        async with alone(tmp_path, {}, limits=limits) as world:
            under_way = await ask_long(world, 6)
            late = await world.asker()
            with stopped(world.process):
                asked_meanwhile = asyncio.create_task(late.ask(Question("meanwhile")))
                await asyncio.sleep(2.5)  # the fault itself: longer than each of the limits
            assert {(await task).how for task in [*under_way, asked_meanwhile]} == {How.ANSWERED}
            await world.at_rest()
            assert (await world.state())["counters"]["lost"] == 0

    live(scene)


def test_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    try:
        clock = WallClock(tmp_path)
    except OSError:
        pytest.skip("needs a C compiler (cc)")

    async def scene() -> None:
        async with alone(tmp_path, clock.environment) as world:
            for jump_s in (86_400, -86_400, 0):
                under_way = await ask_long(world, 2)
                clock.jump(jump_s)
                assert {(await task).how for task in under_way} == {How.ANSWERED}
                world.forget()
            asker = await world.asker()
            assert (await asker.ask(Question("after"))).how is How.ANSWERED
            await world.at_rest()
            assert not [line for line in world.process.log_lines() if "was lost" in line]

    live(scene)


# A bad WAN


async def wan(world: World, target: str, **settings: Any) -> Relay:
    link = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": target}
    spec = {"matrix": {"a": {"b": 40}}, "links": [link], **settings}
    relay = Relay(WanSpec.model_validate(spec))
    await relay.serve()
    world.stack.push_async_callback(relay.close)
    return relay


@pytest.mark.parametrize("name", BAD_LINKS)
def test_over_a_bad_link_requests_are_answered_whole(play: Play, name: str) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 2, Script())
        there = await world.balancer(*made, name="there")  # type: ignore[arg-type]
        relay = await wan(world, there.address, **BAD_LINKS[name])
        here = await here_behind(world, relay)
        journal = Journal()
        askers = [await connect(world, here, journal) for _ in range(4)]
        for asker in askers:
            asker.patience_s = 10
        for turn in range(5):
            questions = [Question(f"{turn}-{n}", stream=n % 2 == 0) for n in range(4)]
            ends = await asyncio.gather(*map(Asker.ask, askers, questions))
            assert {(end.how, end.headers["x-nightshift-hops"]) for end in ends} == {(How.ANSWERED, "1")}
        await nothing_left(there, made, journal)

    play(scene)


@pytest.mark.parametrize("way", [("a", "b"), ("b", "a")])
def test_a_link_cut_one_way_holds_what_crosses_and_nothing_else(play: Play, way: tuple[str, str]) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 1, Script())
        there = await world.balancer(*made, name="there")  # type: ignore[arg-type]
        relay = await wan(world, there.address)
        here = await here_behind(world, relay)
        journal = Journal()
        asker, other = await connect(world, here, journal), await connect(world, there, journal)
        asker.patience_s = 10
        relay.cut(*way, one_way=True)
        crossing = asyncio.create_task(asker.ask(Question("crosses", stream=True)))
        assert (await other.ask(Question("stays"))).how is How.ANSWERED
        while (await here.state())["peer"]["there"]["reachable"]:  # its reports are not answered either
            pass
        relay.heal_all()
        assert (await crossing).how is How.ANSWERED
        await here.until(lambda s: s["peer"]["there"]["reachable"] and s["in_progress"] == 0)
        await nothing_left(there, made, journal)

    play(scene)


async def here_behind(world: World, relay: Relay) -> Any:
    """A balancer without replicas, whose only peer is behind the relay."""
    here = await world.balancer(name="here", limits={"probe_s": 0.5})
    address = relay.describe()["links"][0]["address"]
    peer = type("Peer", (), {"address": address, "server": type("S", (), {})})
    peer.server.dispatcher = type("D", (), {"balancer": type("B", (), {"name": "there"})})  # type: ignore[attr-defined]
    await world.introduce(here, [], [peer])  # type: ignore[list-item]
    await world.heard_from(here, 0, peers=1)
    return here
