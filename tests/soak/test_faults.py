"""Each fault of an upstream, against a balancer on loopback: what the client gets, and that nothing is
left.

`alone`: the faulty replica is the only one. `rescued`: a healthy one stands beside it, and the fault is
played at whichever gets the request first. What a client gets for each is documented in
docs/reference/limits.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.proxy.conftest import World, play  # noqa: F401 - the fixture
from tests.soak.asker import Asker, Ending
from tests.soak.asking import Question
from tests.soak.checker import Allowed, ledger_problems, problems
from tests.soak.faults import FAULTS
from tests.soak.faulty_engine import PAGES, FaultyEngine, Script
from tests.soak.journal import How, Journal

from nightshift.processes import bind

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, Running

NOTICED_S = 0.25
SHORT = {"first_byte_s": 0.25, "between_chunks_s": 0.25, "connect_s": 0.5}
"""For the faults that end by a limit. The others have the limits of a service: a busy machine is no fault."""
END_BY_A_LIMIT = {"silent", "head_then_stall", "role_then_stall", "stall"}


@dataclass(frozen=True)
class Due:
    """What a client gets."""

    how: How
    status: int = 200
    code: str = ""


ANSWER = Due(How.ANSWERED)
LOST = Due(How.REFUSED, 502, "upstream_lost")
SLOW = Due(How.REFUSED, 504)
CUT = Due(How.CUT)

ALONE: dict[str, Due] = {
    **dict.fromkeys(["well", "close_after", "says_close", "ends_by_closing", "twice", "with_1xx"], ANSWER),
    **dict.fromkeys(
        ["reset", "close", "role_then_reset", "garbage_status", "length_and_coding", "two_lengths"], LOST
    ),
    **dict.fromkeys(
        ["flood_of_1xx", "big_header", "folded_header", "nul_in_header", "unasked_101", "body_in_1xx"], LOST
    ),
    **dict.fromkeys(["silent", "head_then_stall", "role_then_stall"], SLOW),
    **dict.fromkeys(["stall", "reset_mid_chunk", "truncated", "garbage_chunk"], CUT),
    **{name: Due(How.REFUSED, int(name.split("_")[1]), "c") for name in FAULTS if name.startswith("error_")},
}
ALONE_WHOLE = {
    **ALONE,
    "stall": SLOW,
    **dict.fromkeys(["reset_mid_chunk", "truncated", "garbage_chunk"], LOST),
}
"""An answer in one piece is held back until it is whole, or too long: till then another replica can give
it.
"""
PASSED_ON = {"error_400", "error_404", "error_429", "error_429_retry_after"}
"""The engine's word on the request itself, which another replica would repeat."""


def due_for(name: str, setting: str, *, stream: bool) -> Due:
    """Return what a client gets."""
    due = (ALONE if stream else ALONE_WHOLE)[name]
    return ANSWER if setting == "rescued" and due is not CUT and name not in PASSED_ON else due


ONLY_STREAMED = {"role_then_reset", "role_then_stall"}
ONLY_WHOLE = {"twice"}
NOT_YET: dict[tuple[str, str], str] = {}
"""What cannot pass before something else is there: take a line out to switch its tests on."""


def _cases() -> list[Any]:
    cases = []
    for name in FAULTS:
        for stream in (False, True):
            if (name in ONLY_STREAMED and not stream) or (name in ONLY_WHOLE and stream):
                continue
            for setting in ("alone", "rescued"):
                id_ = f"{name}-{'stream' if stream else 'whole'}-{setting}"
                reason = NOT_YET.get((name, setting))
                marks = [] if reason is None else [pytest.mark.skip(reason=reason)]
                cases.append(pytest.param(name, stream, setting, id=id_, marks=marks))
    return cases


async def engines(world: World, count: int, script: Script) -> list[FaultyEngine]:
    made = [FaultyEngine(f"here-{number}", script) for number in range(count)]
    for engine in made:
        await engine.serve(bind("127.0.0.1", 0))
        world.stack.callback(engine.stop)
    return made


async def connect(world: World, balancer: Running, journal: Journal) -> Asker:
    asker = await Asker.connect(balancer.address, journal, patience_s=20)
    world.stack.callback(asker.leave)
    return asker


async def nothing_left(balancer: Running, made: list[FaultyEngine], journal: Journal) -> None:
    """Wait for quiescence; then the ledger is at zero and the journals break no rule."""
    state = await balancer.until(lambda s: s["in_progress"] == s["outstanding"] == 0)
    assert ledger_problems(state) == []
    for engine in made:
        journal.add(engine.journal)
    assert problems(journal, Allowed(overlap_s=NOTICED_S, all_write=True)) == []


@pytest.mark.parametrize(("name", "stream", "setting"), _cases())
def test_a_fault_has_its_documented_end(play: Play, name: str, stream: bool, setting: str) -> None:  # noqa: F811
    due = due_for(name, setting, stream=stream)

    async def scene(world: World) -> None:
        made = await engines(world, 1 if setting == "alone" else 2, Script())
        limits = SHORT if name in END_BY_A_LIMIT else {}
        balancer = await world.balancer(*made, limits=limits)  # type: ignore[arg-type]
        journal = Journal()
        asker = await connect(world, balancer, journal)
        got = await asker.ask(Question("n1", stream=stream, fault=name))
        assert (got.how, got.status) == (due.how, due.status), got
        assert due.code in got.code
        await what_follows(world, asker, balancer, journal, got)
        await nothing_left(balancer, made, journal)

    play(scene)


async def what_follows(world: World, asker: Asker, balancer: Running, journal: Journal, got: Ending) -> None:
    """The next request is answered: on the same connection, if that is still open."""
    assert asker.open == (got.how in {How.ANSWERED, How.REFUSED})
    if not asker.open:
        asker = await connect(world, balancer, journal)
    assert (await asker.ask(Question("n2", stream=True))).how is How.ANSWERED
    asker.leave()


def test_a_refusal_that_came_before_the_body_was_read_is_passed_on(play: Play) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 1, Script())
        balancer = await world.balancer(*made)  # type: ignore[arg-type]
        asker = await connect(world, balancer, Journal())
        asker.writer.write(Question("n1", words="x" * 3_000_000).wire(more="X-Early: 1\r\n"))
        head = await asker.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ")
        asker.leave()
        await nothing_left(balancer, made, Journal())

    play(scene)


def test_a_replica_that_takes_no_connections_any_more_is_passed_over(play: Play) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 2, Script())
        balancer = await world.balancer(*made, switches={"replica_policy": "round_robin"})  # type: ignore[arg-type]
        made[0].refuse_connections()  # its metrics come over a connection that is open already
        journal = Journal()
        asker = await connect(world, balancer, journal)
        for number in range(6):
            assert (await asker.ask(Question(f"n{number}"))).how is How.ANSWERED
        asker.leave()
        assert len(made[0].journal) == 0
        await nothing_left(balancer, made, journal)

    play(scene)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "well"])
def test_a_replica_that_lies_about_its_load_harms_nobody(play: Play, page: str) -> None:  # noqa: F811
    """A full one gets nothing. What a page does not say is unknown, and the balancer's own counts have to
    do.
    """

    async def scene(world: World) -> None:
        made = await engines(world, 2, Script())
        balancer = await world.balancer(*made)  # type: ignore[arg-type]
        made[0].page = page
        await balancer.until(lambda s: s["replica"]["here-0"]["pending"] != 0)
        journal = Journal()
        askers = [await connect(world, balancer, journal) for _ in range(4)]
        ends = await asyncio.gather(*(a.ask(Question(f"n{i}")) for i, a in enumerate(askers)))
        assert [end.how for end in ends] == [How.ANSWERED] * 4
        if page == "full":
            assert {end.headers["x-nightshift-replica"] for end in ends} == {"here-1"}
        made[0].page = "well"
        await balancer.until(lambda s: s["replica"]["here-0"]["pending"] == 0)
        for asker in askers:
            asker.leave()
        await nothing_left(balancer, made, journal)

    play(scene)


def test_fifty_requests_whose_replicas_all_die_keep_within_the_budget(play: Play) -> None:  # noqa: F811
    async def scene(world: World) -> None:
        made = await engines(world, 4, Script(share=1.0, among=("reset",)))
        switches = {"to_replicas": "blind"}
        balancer = await world.balancer(*made, switches=switches)  # type: ignore[arg-type]
        journal = Journal()
        askers = [await connect(world, balancer, journal) for _ in range(50)]
        ends = await asyncio.gather(*(a.ask(Question(f"n{i}")) for i, a in enumerate(askers)))
        assert {end.how for end in ends} == {How.REFUSED}
        assert {end.status for end in ends} <= {502, 503, 429}
        for asker in askers:
            asker.leave()
        await nothing_left(balancer, made, journal)

    play(scene)
