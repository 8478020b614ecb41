"""Simulated users: each holds one program at a time and goes on when it is answered (closed loop).

What a program is comes from outside: whatever says its first calls and, given an answer, the calls that
follow. The benchmark's workloads do, so that the live client and the simulator play the same work. A
pause before each program and each further call makes a population of people out of a load generator.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from nightshift.balancing.messages import Reject
from nightshift.balancing.prompt import CHAT_PATH, prompt_key
from nightshift.engine.chat import render_chat
from nightshift.engine.request import make_request
from nightshift.simulate.balancer import SimBalancer
from nightshift.simulate.network import Network
from nightshift.simulate.requests import Served, Travelling


class Asked(Protocol):
    """A chat completion to ask for."""

    @property
    def messages(self) -> Sequence[Mapping[str, object]]:
        """Role and content of each message so far."""

    @property
    def max_tokens(self) -> int:
        """How long the answer may get."""

    @property
    def ignore_eos(self) -> bool:
        """Whether it gets exactly that long."""


C = TypeVar("C", bound=Asked)


class Played(Protocol[C]):
    """A conversation, or a tree of calls."""

    @property
    def hash_key(self) -> str:
        """What consistent hashing goes by."""

    def first(self) -> Sequence[C]:
        """The calls that it opens with."""

    def answered(self, call: C, answer: str) -> Sequence[C]:
        """The calls that follow, now that `call` has this answer."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds that a user takes, asked for each time: before a program, and before a further call of it."""

    before_program_s: Callable[[float], float]
    before_call_s: Callable[[float], float]


FAILURE_PAUSE_S = 1.0
"""After a program that failed, as the live client waits."""

NO_PAUSE = Pauses(lambda now: 0.0, lambda now: 0.0)


class SimUser(Generic[C]):
    """One user of a region, who speaks to one balancer. `served` gains a record for each call."""

    def __init__(
        self,
        *,
        number: int,
        region: str,
        entry: SimBalancer,
        network: Network,
        programs: Iterator[Played[C]],
        served: list[Served],
        pauses: Pauses = NO_PAUSE,
        model: str = "emulated",
        allowed: frozenset[str] | None = None,
    ) -> None:
        """`allowed` are the only regions that may serve the user; None: any may."""
        self._number = number
        self._region = region
        self._entry = entry
        self._network = network
        self._programs = programs
        self._served = served
        self._pauses = pauses
        self._model = model
        self._allowed = allowed
        self._under_way = 0
        self._has_failed = False
        self._calls = 0

    def start(self) -> None:
        """Begin the next program after the user's pause."""
        schedule = self._network.schedule
        schedule.after(self._pauses.before_program_s(schedule.now), self._begin)

    def _begin(self) -> None:
        program = next(self._programs)
        self._ask(program, program.first())

    def _ask(self, program: Played[C], calls: Sequence[C]) -> None:
        self._under_way += len(calls)
        for call in calls:
            self._send(program, call)

    def _send(self, program: Played[C], call: C) -> None:
        self._calls += 1
        id_ = f"{self._region}/{self._number}/{self._calls}"
        body = {"model": self._model, "messages": list(call.messages)}
        rendered = render_chat((str(m["role"]), str(m["content"])) for m in call.messages)
        work = make_request(id_, rendered, max_tokens=call.max_tokens, ignore_eos=call.ignore_eos)
        now = self._network.schedule.now
        served = Served(id_, self._region, self._number, now, work.prompt_tokens, work.answer_tokens)
        self._served.append(served)
        back = partial(self._network.send, self._entry.region, self._region)
        finished = partial(back, partial(self._finished, served, program, call, work.answer))

        def refused(reject: Reject) -> None:
            served.failed = f"{reject.status} {reject.code}"
            finished()

        travelling = Travelling(
            served,
            prompt_key(CHAT_PATH, body),
            program.hash_key,
            work,
            first=partial(back, partial(self._first, served)),
            finished=finished,
            refused=refused,
            regions=self._allowed,
        )
        self._network.send(self._region, self._entry.region, partial(self._entry.arrive, travelling))

    def _first(self, served: Served) -> None:
        served.first = self._network.schedule.now

    def _finished(self, served: Served, program: Played[C], call: C, answer: bytes) -> None:
        self._under_way -= 1
        following: Sequence[C] = ()
        if served.failed is not None:
            self._has_failed = True
        else:
            served.end = self._network.schedule.now
            following = program.answered(call, answer.decode())
        if following:
            self._under_way += len(following)
            schedule = self._network.schedule
            schedule.after(self._pauses.before_call_s(schedule.now), partial(self._go_on, program, following))
        elif not self._under_way:
            self._next_program()

    def _next_program(self) -> None:
        pause_s = FAILURE_PAUSE_S if self._has_failed else 0.0
        self._has_failed = False
        self._network.schedule.after(pause_s, self.start)

    def _go_on(self, program: Played[C], calls: Sequence[C]) -> None:
        self._under_way -= len(calls)
        self._ask(program, calls)
