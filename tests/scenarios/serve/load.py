"""Users of a service while something is done to it: every request is counted, and how it ended.

    with Load({HERE: "127.0.0.1:8101", THERE: "127.0.0.1:8102"}) as load:
        load.until_answered(20)
        ...                                 # break something
        load.until_answered(20)
    assert load.lost() == []

Streams and whole answers, each with a nonce of its own and an answer that is known before (`soak.asking`).
Nobody asks twice: what fails is seen to fail.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from tests.scenarios.serve.bed import until
from tests.soak.asker import Asker, Ending
from tests.soak.asking import Question
from tests.soak.checker import Allowed, problems
from tests.soak.journal import How, Journal

_ENDS_S = 60.0
_AGAIN_S = 0.05
_TOPICS = [f"topic {n} " + "of which much has been said before " * 10 for n in range(8)]
REFUSED = "could not connect"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, or one attempt to connect."""

    region: str
    began: float
    ended: float
    ending: Ending | None
    """None when there was nobody to connect to."""

    @property
    def how(self) -> str:
        """In a word."""
        return REFUSED if self.ending is None else self.ending.how.value

    @property
    def is_answered(self) -> bool:
        """Whether all is well."""
        return self.ending is not None and self.ending.how is How.ANSWERED

    @property
    def replica(self) -> str:
        """Who answered, as far as the headers came."""
        return "" if self.ending is None else self.ending.headers.get("x-nightshift-replica", "")

    def __str__(self) -> str:
        """Return it in a line."""
        if self.ending is None:
            return f"{self.region}: {REFUSED}"
        end = self.ending
        return f"{self.region}: {end.how} {end.status} {end.code} {end.note} from {self.replica or 'nobody'}"


class Load:
    """See the head of the file."""

    def __init__(
        self, endpoints: Mapping[str, str], *, users: int = 2, tokens: tuple[int, ...] = (4, 30, 300)
    ) -> None:
        self.asked: list[Asked] = []
        self.journal = Journal()
        self._endpoints = endpoints
        self._users = users
        self._tokens = tokens
        self._over = Event()
        self._thread = Thread(target=self._live, name="users")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(_ENDS_S)
        assert not self._thread.is_alive(), "a request did not end"

    # What the test asks

    def until_answered(self, more: int = 10, region: str | None = None) -> None:
        """Wait until so many more requests, all asked from now on, were answered in each region."""
        since = monotonic()
        regions = self._endpoints if region is None else [region]

        def enough() -> bool:
            here = Counter(one.region for one in list(self.asked) if one.is_answered and one.began > since)
            return all(here[region] >= more for region in regions)

        until(enough, lambda: f"{more} more answers in {', '.join(regions)}; there were {self._story()}")

    def _story(self) -> str:
        latest = "".join(f"\n    {one}" for one in self.failed()[-5:])
        return f"{self.counted()}{latest}"

    def counted(self) -> dict[str, int]:
        """Return how many requests ended how."""
        return dict(Counter(one.how for one in list(self.asked)))

    def failed(self, region: str | None = None) -> list[Asked]:
        """Return those that were not answered."""
        return [one for one in self.asked if not one.is_answered and region in (None, one.region)]

    def lost(self, *, no_answer: bool = False) -> list[str]:
        """Return what the journal has against the service; with `no_answer` balancers were killed."""
        return problems(self.journal, Allowed(no_answer=no_answer))

    # The users

    def _live(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number, region in enumerate(self._endpoints):
                for user in range(self._users):
                    group.create_task(self._user(region, Random(100 * number + user), f"{region}.{user}"))

    async def _user(self, region: str, rng: Random, name: str) -> None:
        asker: Asker | None = None
        for number in count():
            if self._over.is_set():
                break
            began = monotonic()
            try:
                if asker is None or not asker.open:
                    asker = await Asker.connect(self._endpoints[region], self.journal, patience_s=_ENDS_S)
            except OSError:
                self.asked.append(Asked(region, began, monotonic(), None))
                await asyncio.sleep(_AGAIN_S)
                continue
            stream, words = rng.random() < 0.6, rng.choice(_TOPICS)
            question = Question(f"{name}.{number}", rng.choice(self._tokens), stream, words=words)
            ending = await asker.ask(question)
            self.asked.append(Asked(region, began, monotonic(), ending))
            await asyncio.sleep(rng.expovariate(50.0))
        if asker is not None:
            asker.leave()
