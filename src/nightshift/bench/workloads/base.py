"""What a workload is: programs for each simulated user, and a program is what to ask next.

A program does no I/O. It says which calls it opens with, and, each time one of its calls has been
answered, which calls follow: one for a chat, several for a tree of thoughts. So the same workload drives
the live client and a simulation in virtual time. A program is over when none of its calls is under way,
and it is given up when a call fails, because what would follow needs the answer.

When a program begins is its own affair. Closed loop (`start_s` is None): a user plays one program at a
time, the next when the one before is over. Open loop (`start_s` is a second of the run): it begins then,
whatever else of the user's is under way. Within a program the calls that follow an answer are asked at
once, but no sooner than `Call.not_before_s`, and no sooner than `Call.min_turn_s` of the call answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict


class Message(TypedDict):
    """One message of a chat, as the API takes it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Call:
    """A chat completion to ask for. `turn` counts from 0 within its program, or is the depth in a tree.

    With `ignore_eos` the answer gets exactly `max_tokens` long, else at most.
    """

    turn: int
    messages: tuple[Message, ...]
    max_tokens: int
    ignore_eos: bool = False
    temperature: float = 0.0
    not_before_s: float | None = None
    """The earliest second of the run at which to ask it; None: any."""
    min_turn_s: float = 0.0
    """What comes after its answer, the next program too, waits until this long after it was sent."""


class Program(Protocol):
    """A conversation, or a tree of calls, of one user."""

    @property
    def id(self) -> str:
        """Name that no other program of the run has."""

    @property
    def hash_key(self) -> str:
        """What consistent hashing goes by, sent as `x-hash-key`."""

    @property
    def start_s(self) -> float | None:
        """None: when the user's program before is over. Else the second of the run, open loop."""

    def first(self) -> Sequence[Call]:
        """The calls that the program opens with."""

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """The calls that follow, now that `call` has this answer."""


class Workload(Protocol):
    """A kind of load. Times in seconds of the emulated world."""

    @property
    def name(self) -> str:
        """The name that `--workload` takes."""

    @property
    def duration_s(self) -> float:
        """How long users go on; what then still runs is cut off and recorded as unfinished."""

    @property
    def seed(self) -> str:
        """What everything random here derives from, together with the region."""

    @property
    def data(self) -> str:
        """Which data is used: `synthetic: ...` or `real: ...`. Raises `UserError` if it cannot be read."""

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """The programs of each simulated user of a region, in the order played.

        Closed loop: without end. Open loop: by rising `start_s`, and it may end. Raises `UserError` if there
        is too little data for the users asked for, or it cannot be read.
        """
