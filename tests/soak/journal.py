"""What happened to each request, as it was seen from outside: by its client, and by each replica.

One clock for all who write: virtual time in the simulator, CLOCK_MONOTONIC on one machine (all processes
share it). A request is known by its nonce, which its client has put into the prompt. Who writes knows
nothing of the rules; `checker.py` judges afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import orjson


class What(StrEnum):
    """The four things that happen to a request."""

    ASKED = "asked"
    """Its client has sent it."""
    PLACED = "placed"
    """A replica (`where`) has it, whole."""
    LEFT = "left"
    """That replica is done with it, well or badly, or its connection is gone."""
    ENDED = "ended"
    """Its client knows how it ended (`how`)."""


class How(StrEnum):
    """The ways in which a request ends for its client. There is no other."""

    ANSWERED = "answered"
    """A whole answer, and it is the one to this request."""
    REFUSED = "refused"
    """An error in OpenAI's format, with a status, and no content before it."""
    CUT = "cut"
    """A part of the answer, and then what every client takes for a failure: an error event, or an end of
    the connection before the end of the body."""
    LEFT = "client_left"
    """The client itself went away."""
    NO_ANSWER = "no_answer"
    """The connection ended before any byte of an answer: right only while the balancer itself is stopped."""
    LOST = "lost"
    """None of these: an answer that looks whole and is not, one of somebody else, or silence. Never right."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal."""

    at: float
    what: What
    nonce: str
    where: str = ""
    how: str = ""
    note: str = ""


class Journal:
    """Events in the order of their writing."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = list(events)

    def __iter__(self) -> Iterator[Event]:
        """Go over the events by their times."""
        return iter(sorted(self._events, key=lambda event: event.at))

    def __len__(self) -> int:
        return len(self._events)

    def asked(self, at: float, nonce: str) -> None:
        """See `What.ASKED`."""
        self._events.append(Event(at, What.ASKED, nonce))

    def placed(self, at: float, nonce: str, where: str) -> None:
        """See `What.PLACED`."""
        self._events.append(Event(at, What.PLACED, nonce, where))

    def left(self, at: float, nonce: str, where: str) -> None:
        """See `What.LEFT`."""
        self._events.append(Event(at, What.LEFT, nonce, where))

    def ended(self, at: float, nonce: str, how: How, note: str = "") -> None:
        """See `What.ENDED`."""
        self._events.append(Event(at, What.ENDED, nonce, how=how, note=note))

    def add(self, other: "Journal") -> None:
        """Take over what another has seen by the same clock."""
        self._events.extend(other)

    def lines(self) -> bytes:
        """Return the events as lines of JSON, for another process."""
        return b"".join(orjson.dumps(asdict(event), option=orjson.OPT_APPEND_NEWLINE) for event in self)

    @classmethod
    def read(cls, lines: bytes) -> "Journal":
        """Read what `lines` wrote; a last line that was cut off by a kill is left out."""
        whole = lines[: lines.rfind(b"\n") + 1].splitlines()
        facts = (orjson.loads(line) for line in whole)
        return cls(Event(**{**fact, "what": What(fact["what"])}) for fact in facts)
