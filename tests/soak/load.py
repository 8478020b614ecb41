"""The soak's users: streams and whole answers, slow readers, people who leave, connections kept or not.

Each user asks one thing after another, drawn from a generator of its own; every request has a nonce, and
how it ended is written into the journal by `asker.py`. A user never stops for what it gets, as clients do
not.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.soak.asker import Asker, Ending
from tests.soak.asking import Question
from tests.soak.journal import Journal

_TOPICS = [f"topic {n} " + "of which much has been said before " * 30 for n in range(20)]
"""Beginnings that requests share, so that the prefix policy has something to do."""


@dataclass
class Tally:
    """What the users have seen so far."""

    journal: Journal = field(default_factory=Journal)
    ends: Counter[str] = field(default_factory=Counter)
    """By outcome, with the status and code of refusals and cuts."""
    longest_wait_s: float = 0.0
    longest_wait: str = ""
    """Whose it was, and how it was placed in the end."""
    asked: int = 0
    crossed: int = 0

    def add(self, nonce: str, ending: Ending) -> None:
        """Count one."""
        what = (ending.how.value, str(ending.status or ""), ending.code)
        self.ends[" ".join(part for part in what if part)] += 1
        if ending.queued_s > self.longest_wait_s:
            self.longest_wait_s = ending.queued_s
            placed = {k: v for k, v in ending.headers.items() if k.startswith("x-nightshift-")}
            self.longest_wait = f"{nonce}: {placed}"
        self.crossed += ending.headers.get("x-nightshift-hops") == "1"


class User:
    """One user of one region."""

    def __init__(self, name: str, address: str, tally: Tally, rng: Random) -> None:
        self._name = name
        self._address = address
        self._tally = tally
        self._rng = rng
        self._asker: Asker | None = None

    async def live(self, goes_on: Callable[[], bool]) -> None:
        """Ask until it is over."""
        number = 0
        while goes_on():
            number += 1
            await self._ask(Question(f"{self._name}.{number}", *self._kind(), words=self._words()))
            await asyncio.sleep(self._rng.expovariate(20.0))
        if self._asker is not None:
            self._asker.leave()

    def _kind(self) -> tuple[int, bool]:
        return self._rng.choice([4, 16, 60]), self._rng.random() < 0.6

    def _words(self) -> str:
        return self._rng.choice(_TOPICS)

    async def _ask(self, question: Question) -> None:
        try:
            asker = await self._connection()
        except OSError:
            self._tally.ends["could not connect"] += 1
            await asyncio.sleep(0.2)
            return
        fate = self._rng.random()
        leave_after = self._rng.randint(0, 3) if question.stream and fate < 0.08 else None
        read_pause_s = 0.05 if question.stream and fate > 0.95 else 0.0
        self._tally.asked += 1
        more = "" if self._rng.random() < 0.9 else "Connection: close\r\n"
        ending = await asker.ask(question, more=more, leave_after=leave_after, read_pause_s=read_pause_s)
        self._tally.add(question.nonce, ending)

    async def _connection(self) -> Asker:
        if self._asker is None or not self._asker.open:
            self._asker = await Asker.connect(self._address, self._tally.journal, patience_s=90)
        return self._asker
