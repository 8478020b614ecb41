"""A day of a region that grows and shrinks: the balancer that serves, the engine model, in virtual time.

Small engines (a tenth of an L4's memory), so that a few hundred users need between one and eight of them and
a day is over in seconds. Replicas take five minutes to launch, and drain before they go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import cos, pi
from random import Random

import pytest

from nightshift.balancing.switches import Across, Switches
from nightshift.control.autoscaling import Autoscaler, QueueWait, RequestRate, Seen, WaitReading
from nightshift.control.service.spec import Scaling
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.probing import probe_replica
from nightshift.simulate.replica import SimReplica
from nightshift.simulate.requests import Served
from nightshift.simulate.users import Pauses, SimUser

HOUR_S = 3600.0
SMALL = replace(PROFILES["l4-llama-3.1-8b"], name="small", kv_capacity_tokens=700, base_ns=180_000_000)
LAUNCH_S = 300.0
MOST = 8
BOUNDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True)
class Ask:
    messages: tuple[dict[str, object], ...]
    turn: int = 0
    max_tokens: int = 250
    ignore_eos: bool = True
    not_before_s: float | None = None
    min_turn_s: float = 0.0


@dataclass(frozen=True)
class Question:
    """One question, unlike others."""

    hash_key: str
    start_s: float | None = None

    @property
    def id(self) -> str:
        return self.hash_key

    def first(self) -> Sequence[Ask]:
        return [Ask(({"role": "user", "content": f"{self.hash_key} asks {'to be told ' * 25}"},))]

    def answered(self, call: Ask, answer: str) -> Sequence[Ask]:
        return ()


def questions(name: str) -> Iterator[Question]:
    number = 0
    while True:
        number += 1
        yield Question(f"{name}-{number}")


class Elastic:
    """The controller's part: launches and drains replicas as the autoscaler says."""

    def __init__(self, scaling: Scaling, served: list[Served]) -> None:
        fleet = build_fleet(
            regions={"a": scaling.least},
            switches=Switches(across=Across.NONE, max_queue_s=600.0),
            profile=SMALL,
            one_way_s={},
            seed=1,
        )
        self.schedule, self.network, (self.balancer,) = fleet.schedule, fleet.network, fleet.balancers
        self.ready = list(fleet.replicas)
        self.launching = 0
        self.draining: list[SimReplica] = []
        self.replica_s = 0.0
        self.history: list[int] = []
        self.served = served
        self._scaler = Autoscaler(scaling)
        self._rate, self._wait = RequestRate(), QueueWait()
        self._open: list[Served] = []
        self._known = 0
        self._waits = [0.0, 0.0, *[0.0 for _ in BOUNDS]]
        self._number = scaling.least
        self._turn()

    def _turn(self) -> None:
        now = self.schedule.now
        seen = self._look(now)
        target = self._scaler.decide(now, seen)
        self.history.append(target)
        for _ in range(target - seen.ready - seen.launching):
            self.launching += 1
            self.schedule.after(LAUNCH_S, self._launched)
        for _ in range(min(seen.ready - 1, seen.ready + seen.launching - target)):
            self._drain()
        self._end_drained()
        interval_s = self._scaler.interval_s(seen)
        self.replica_s += interval_s * (len(self.ready) + self.launching + len(self.draining))
        self.schedule.after(interval_s, self._turn)

    def _look(self, now: float) -> Seen:
        self._open += self.served[self._known :]
        self._known = len(self.served)
        for one in self._open:
            if one.end is not None:
                self._count(one.queued_s)
        self._open = [one for one in self._open if one.end is None]
        self._rate.read(now, "b1", arrived=self._known)
        total_s, count, *buckets = self._waits
        self._wait.read(now, "b1", WaitReading(total_s, count, dict(zip(BOUNDS, buckets, strict=True))))
        targets = self.balancer.core.replicas.targets
        kv_uses = [replica.report().kv_use or 0.0 for replica in self.ready]
        return Seen(
            ready=len(self.ready),
            launching=self.launching,
            draining=len(self.draining),
            requests_per_s=self._rate.per_second(now),
            queue_wait_s=self._wait.mean_s(now),
            waiting=len(self.balancer.core.queue),
            outstanding=sum(targets[replica.id].outstanding for replica in self.ready),
            kv_use=sum(kv_uses) / len(kv_uses),
        )

    def _count(self, wait_s: float) -> None:
        self._waits[0] += wait_s
        self._waits[1] += 1
        for place, bound in enumerate(BOUNDS, start=2):
            self._waits[place] += wait_s <= bound

    def _launched(self) -> None:
        self.launching -= 1
        self._number += 1
        replica = SimReplica(f"a-{self._number}", "a", SMALL, self.schedule)
        self.ready.append(replica)
        self._connect()
        probe_replica(self.balancer, replica, self.network, 0.0).news()

    def _drain(self) -> None:
        replica = self.ready.pop()
        self.draining.append(replica)
        self.balancer.tell(self.balancer.core.replica_draining(self.schedule.now, replica.id, draining=True))

    def _end_drained(self) -> None:
        targets = self.balancer.core.replicas.targets
        gone = [replica for replica in self.draining if not targets[replica.id].outstanding]
        if gone:
            self.draining = [replica for replica in self.draining if replica not in gone]
            self._connect()

    def _connect(self) -> None:
        self.balancer.connect([*self.ready, *self.draining], [])


def daily(rng: Random, now: float, mean_s: float) -> float:
    """Draw a pause: most activity at 14 h, a tenth of it at 2 h."""
    start = now
    while True:  # thinning of a Poisson process, after Lewis and Shedler
        now += rng.expovariate(1 / mean_s)
        if rng.random() < 0.55 + 0.45 * cos((now / HOUR_S - 14) / 12 * pi):
            return now - start


def a_day(scaling: Scaling, users: int = 150, mean_s: float = 600.0, hours: float = 24) -> Elastic:
    served: list[Served] = []
    elastic = Elastic(scaling, served)
    for number in range(users):
        rng = Random(f"1/{number}")
        SimUser(
            number=number,
            region="a",
            entry=elastic.balancer,
            network=elastic.network,
            programs=questions(f"u{number}"),
            served=served,
            pauses=Pauses(lambda now, rng=rng: daily(rng, now, mean_s), lambda now: 0.0),  # type: ignore[misc] # a default
        ).start()
    elastic.schedule.run(hours * HOUR_S)
    return elastic


def assert_nothing_lost(elastic: Elastic) -> None:
    assert [one.failed for one in elastic.served if one.failed] == []
    late = [one for one in elastic.served if one.end is None and one.sent < elastic.schedule.now - 600]
    assert late == []


def changes(history: Sequence[int]) -> int:
    return sum(before != after for before, after in pairwise(history))


@pytest.mark.long
def test_by_queue_time() -> None:
    day = a_day(Scaling(1, MOST, target_queue_s=5.0))

    assert_nothing_lost(day)
    waits = sorted(one.queued_s for one in day.served if one.end is not None)
    assert len(waits) > 10_000
    assert sum(waits) / len(waits) < 5.0
    assert waits[int(0.9 * len(waits))] < 5.0
    assert day.replica_s < 0.6 * MOST * 24 * HOUR_S
    assert min(day.history) <= 2
    assert max(day.history) >= 4
    assert changes(day.history) < 15, "it flaps"


def test_by_requests_per_second() -> None:
    """From the quietest hour to the busiest: as many as the rate asks for, and nothing lost."""
    per_replica = 0.04
    morning = a_day(Scaling(1, MOST, target_qps_per_replica=per_replica), hours=14)

    assert_nothing_lost(morning)
    last_hour = [one for one in morning.served if one.sent > 13 * HOUR_S]
    needed = len(last_hour) / HOUR_S / per_replica
    assert needed <= morning.history[-1] <= needed + 2.5  # the rate of one minute sways by that much
    assert changes(morning.history) < 15, "it flaps"


def test_a_fixed_number_stays() -> None:
    count = 2
    hour = a_day(Scaling(count, count), users=20, hours=1)
    assert set(hour.history) == {count}
    assert hour.replica_s == pytest.approx(count * HOUR_S, rel=0.01)
