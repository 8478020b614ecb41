"""The relay: all links of a spec in one process, one alarm for all, cut and healed by pair of regions.

Two ways for a pair to fail:

- `hold`: packets vanish. Bytes wait, connections that begin hang; healing delivers everything, in order. One
  direction alone can be held.
- `reset`: every connection between the two regions is reset, and new ones are refused after a round trip.
"""

import asyncio
import math
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.wan.alarm import Alarm, Clock
from nightshift.wan.delay import Path
from nightshift.wan.lane import Lane
from nightshift.wan.link import Link
from nightshift.wan.matrix import Nested, PairTable, load_matrix
from nightshift.wan.spec import Listener, WanSpec, split_address

Kind = Literal["hold", "reset"]

_TURNS_TO_CLOSE = 5  # transports report their end and free their socket in the loop's next turns


class Relay:
    """All links of `spec`. Opens its sockets when constructed, serves after `serve()`."""

    def __init__(self, spec: WanSpec) -> None:
        path = paths_of(spec)
        targets = [split_address(link.target, f"link {link.name}: target") for link in spec.links]
        both_ways = [
            (path(link.from_region, link.to), path(link.to, link.from_region)) for link in spec.links
        ]
        self.speed = spec.speed
        self.links = [
            Link(
                name=link.name,
                a=link.from_region,
                b=link.to,
                sock=open_socket(link, f"link {link.name}"),
                target=target,
                paths=paths,
                seed=spec.seed,
            )
            for link, target, paths in zip(spec.links, targets, both_ways, strict=True)
        ]
        self._alarm: Alarm | None = None
        self._cpu_at_start_s = 0.0

    async def serve(self, clock: Clock = time.monotonic) -> None:
        """Accept connections on every link."""
        self._alarm = Alarm(asyncio.get_running_loop(), clock)
        self._cpu_at_start_s = time.process_time()
        for link in self.links:
            await link.serve(self._alarm)

    async def close(self) -> None:
        """Reset all connections and free every socket."""
        for link in self.links:
            link.close()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)
        if self._alarm is not None:
            self._alarm.close()

    def cut(self, a: str, b: str, kind: Kind = "hold", *, one_way: bool = False) -> list[str]:
        """Cut `a` to `b`, and `b` to `a` unless `one_way`; return the names of the links concerned."""
        links = self._between(a, b, one_way=one_way and kind == "reset")
        if kind == "reset":
            for link in links:
                link.refusing = True
                link.reset()
        else:
            for lane in _lanes(links, a, b, one_way=one_way):
                lane.cut()
        return [link.name for link in links]

    def heal(self, a: str, b: str, *, one_way: bool = False) -> list[str]:
        """Undo any cut of `a` to `b`, and of `b` to `a` unless `one_way`; return the links' names."""
        links = self._between(a, b, one_way=False)
        for link in links:
            link.refusing = link.refusing and one_way and link.a != a
        for lane in _lanes(links, a, b, one_way=one_way):
            lane.heal()
        return [link.name for link in links]

    def heal_all(self) -> list[str]:
        """Undo every cut."""
        for link in self.links:
            self.heal(link.a, link.b)
        return [link.name for link in self.links]

    def describe(self) -> dict[str, Any]:
        """Return the state of every link, and the CPU time that this process has spent since it serves."""
        chunks = sum(lane.chunks for link in self.links for lane in (link.forward, link.back))
        cpu_s = time.process_time() - self._cpu_at_start_s
        return {
            "speed": self.speed,
            "chunks": chunks,
            "cpu_s": round(cpu_s, 4),
            "cpu_us_per_chunk": round(cpu_s / chunks * 1e6, 1) if chunks else None,
            "links": [link.describe() for link in self.links],
        }

    def _between(self, a: str, b: str, *, one_way: bool) -> list[Link]:
        pairs = {(a, b)} if one_way else {(a, b), (b, a)}
        links = [link for link in self.links if (link.a, link.b) in pairs]
        if not links:
            known = ", ".join(sorted({f"{link.a} to {link.b}" for link in self.links}))
            raise UserError(f"no link between {a} and {b}: there are {known}")
        return links


def paths_of(spec: WanSpec) -> Callable[[str, str], Path]:
    """Return the function that gives the path of an ordered pair of regions, at the spec's speed."""
    matrix = load_matrix(spec.matrix)
    jitter_ms = _by_pair(spec.jitter_ms, "jitter_ms", 0.0)
    mbit_s = _by_pair(
        math.inf if spec.bandwidth_mbit_s is None else spec.bandwidth_mbit_s, "bandwidth_mbit_s", math.inf
    )

    def path(a: str, b: str) -> Path:
        delay_s = matrix.one_way_s(a, b)
        if a == b:
            return Path()
        return Path(delay_s, jitter_ms(a, b) / 1000, mbit_s(a, b) * 1e6 / 8).faster(spec.speed)

    return path


def open_socket(listener: Listener, key: str) -> socket.socket:
    """Return the listening socket that `listener` describes; `key` is for messages."""
    if listener.listen is not None:
        return bind(*split_address(listener.listen, f"{key}: listen"))
    try:
        return socket.socket(fileno=listener.listen_fd)
    except OSError as error:
        raise UserError(f"{key}: {listener.listen_fd} is not the number of an inherited socket") from error


def _by_pair(setting: float | Nested, what: str, default: float) -> Callable[[str, str], float]:
    if not isinstance(setting, Mapping):
        return lambda a, b: setting
    table = PairTable.of(setting, what)
    return lambda a, b: table.values.get((a, b), default)


def _lanes(links: Iterable[Link], a: str, b: str, *, one_way: bool) -> list[Lane]:
    """Return the lanes that lead from `a` to `b`, and back unless `one_way`."""
    lanes = []
    for link in links:
        towards, away = (link.forward, link.back) if link.a == a else (link.back, link.forward)
        lanes += [towards] if one_way else [towards, away]
    return lanes
