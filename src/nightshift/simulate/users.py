"""Simulated users: each plays programs, in closed or open loop, as the live client's users do.

What a program is comes from outside: whatever says its first calls and, given an answer, the calls that
follow. The benchmark's workloads do, so that the live client and the simulator play the same work. Closed
loop: one program at a time, the next when it is answered. Open loop (`start_s`): each begins when it is
due. A pause before each program and each further call makes a population of people out of a load generator.
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
    def turn(self) -> int:
        """Place in the conversation, or depth in the tree; from 0."""

    @property
    def messages(self) -> Sequence[Mapping[str, object]]:
        """Role and content of each message so far."""

    @property
    def max_tokens(self) -> int:
        """How long the answer may get."""

    @property
    def ignore_eos(self) -> bool:
        """Whether it gets exactly that long."""

    @property
    def not_before_s(self) -> float | None:
        """The earliest second of the run at which to ask it; None: any."""

    @property
    def min_turn_s(self) -> float:
        """What comes after its answer waits until this long after it was sent."""


C = TypeVar("C", bound=Asked)


class Played(Protocol[C]):
    """A conversation, or a tree of calls."""

    @property
    def id(self) -> str:
        """Name that no other program of the run has."""

    @property
    def hash_key(self) -> str:
        """What consistent hashing goes by."""

    @property
    def start_s(self) -> float | None:
        """None: when the user's program before is over. Else the second of the run, open loop."""

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
        seed: int = 0,
    ) -> None:
        """`allowed` are the only regions that may serve the user; None: any may. `seed` is the engines'."""
        self._number = number
        self._region = region
        self._entry = entry
        self._network = network
        self._programs = programs
        self._served = served
        self._pauses = pauses
        self._model = model
        self._allowed = allowed
        self._seed = seed
        self._calls = 0

    def start(self) -> None:
        """Begin the next program: when it is due, or in a closed loop after the user's pause.

        A user whose programs are over does nothing more.
        """
        program = next(self._programs, None)
        if program is None:
            return
        schedule = self._network.schedule
        playing = _Playing(self, program)
        if program.start_s is None:
            schedule.after(self._pauses.before_program_s(schedule.now), playing.begin)
        else:
            schedule.at(program.start_s, playing.begin)

    def send(self, playing: "_Playing[C]", call: C, scheduled: float | None) -> None:
        """Send a call of the program that is being played."""
        self._calls += 1
        id_ = f"{self._region}/{self._number}/{self._calls}"
        body = {"model": self._model, "messages": list(call.messages)}
        rendered = render_chat((str(m["role"]), str(m["content"])) for m in call.messages)
        work = make_request(
            id_, rendered, max_tokens=call.max_tokens, ignore_eos=call.ignore_eos, seed=self._seed
        )
        now = self._network.schedule.now
        served = Served(id_, self._region, self._number, now, work.prompt_tokens, work.answer_tokens)
        served.program_id = playing.program.id
        served.scheduled = scheduled
        served.turn, served.hash_key = call.turn, playing.program.hash_key
        served.prompt_bytes = sum(len(str(m["content"]).encode()) for m in call.messages)
        self._served.append(served)
        back = partial(self._network.send, self._entry.region, self._region)
        finished = partial(back, partial(playing.finished, served, call, work.answer))

        def refused(reject: Reject) -> None:
            served.failed = f"{reject.status} {reject.code}"
            finished()

        travelling = Travelling(
            served,
            prompt_key(CHAT_PATH, body),
            playing.program.hash_key,
            work,
            first=partial(back, partial(self._first, served)),
            finished=finished,
            refused=refused,
            regions=self._allowed,
        )
        self._network.send(self._region, self._entry.region, partial(self._entry.arrive, travelling))

    def is_over(self, *, has_failed: bool) -> None:
        """A program of the closed loop has ended: begin the next."""
        self._network.schedule.after(FAILURE_PAUSE_S if has_failed else 0.0, self.start)

    def wait_s(self) -> float:
        """Return the user's pause before a further call."""
        return self._pauses.before_call_s(self._network.schedule.now)

    @property
    def network(self) -> Network:
        """What carries its requests."""
        return self._network

    def _first(self, served: Served) -> None:
        served.first = self._network.schedule.now


class _Playing(Generic[C]):
    """One program being played."""

    def __init__(self, user: SimUser[C], program: Played[C]) -> None:
        self.program = program
        self._user = user
        self._schedule = user.network.schedule
        self._under_way = 0
        self._has_failed = False

    def begin(self) -> None:
        """Ask the first calls; in an open loop the user's next program waits for its own time."""
        if self.program.start_s is not None:
            self._user.start()
        self._ask(self.program.first(), self.program.start_s)

    def finished(self, served: Served, call: C, answer: bytes) -> None:
        """A call was answered, or has failed."""
        served.over = self._schedule.now
        if served.failed is None:
            served.end = self._schedule.now
            following = self.program.answered(call, answer.decode())
        else:
            self._has_failed = True
            following = ()
        earliest = served.sent + call.min_turn_s
        if following:
            earliest = max(earliest, self._schedule.now + self._user.wait_s())
        if earliest > self._schedule.now:
            self._schedule.at(earliest, partial(self._go_on, following))
        else:
            self._go_on(following)

    def _go_on(self, following: Sequence[C]) -> None:
        self._under_way -= 1
        self._ask(following, None)
        if not self._under_way and self.program.start_s is None:
            self._user.is_over(has_failed=self._has_failed)

    def _ask(self, calls: Sequence[C], due: float | None) -> None:
        self._under_way += len(calls)
        for call in calls:
            if call.not_before_s is None:
                self._user.send(self, call, due)
                continue
            when = max(call.not_before_s, self._schedule.now)
            self._schedule.at(when, partial(self._user.send, self, call, when))
