"""The relay: all links of a spec in one process, one alarm for all, cut and healed by pair of regions.

Two ways for a pair to fail:

- `hold`: packets vanish. Bytes wait, connections that begin hang; healing delivers everything, in order. One
  direction alone can be held.
- `reset`: every connection between the two regions is reset, and new ones are refused after a round trip.

Links may come and go while it serves. A pair that is cut is cut for a link that comes later, too.
"""

import asyncio
import math
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.wan.alarm import Alarm, Clock
from nightshift.wan.cuts import Cuts, Kind
from nightshift.wan.delay import RETRANSMIT_S, Path
from nightshift.wan.lane import Lane
from nightshift.wan.link import Link
from nightshift.wan.matrix import Nested, PairTable, load_matrix
from nightshift.wan.spec import LinkSpec, Listener, WanSpec, split_address

_TURNS_TO_CLOSE = 5  # transports report their end and free their socket in the loop's next turns


class Relay:
    """All links of `spec`. Opens its sockets when constructed, serves after `serve()`."""

    def __init__(self, spec: WanSpec) -> None:
        self.speed = spec.speed
        self._path = paths_of(spec)
        self._seed = spec.seed
        self._cuts = Cuts()
        self._chunks_of_removed = 0
        self._alarm: Alarm | None = None
        self._cpu_at_start_s = 0.0
        # All is checked before the first socket is opened.
        for link in spec.links:
            self._checked(link)
        self.links = [self._link(link) for link in spec.links]

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

    async def add(self, spec: LinkSpec) -> Link:
        """Serve one more link; one that is there gets the target. Raises `UserError`.

        The same name between other regions is another link: that is an error. A link that gets another
        target goes on listening where it does, and connections that it has go on to the old one.
        """
        link = next((link for link in self.links if link.name == spec.name), None)
        target, _ = self._checked(spec)
        if link is None:
            assert self._alarm is not None  # noqa: S101 - there is no control before `serve`
            link = self._link(spec)
            self.links.append(link)  # before it serves, so that who asks meanwhile finds it
            await link.serve(self._alarm)
        elif (link.a, link.b) != (spec.from_region, spec.to):
            raise UserError(f"a link {spec.name!r} is there already, from {link.a} to {link.b}")
        link.target = target
        return link

    def remove(self, name: str) -> list[str]:
        """Reset the connections of a link and listen no more; return its name, or nothing if unknown."""
        gone = [link for link in self.links if link.name == name]
        for link in gone:
            link.close()
            self.links.remove(link)
            self._chunks_of_removed += link.forward.chunks + link.back.chunks
        return [link.name for link in gone]

    def cut(self, a: str, b: str, kind: Kind = "hold", *, one_way: bool = False) -> list[str]:
        """Cut `a` to `b`, and `b` to `a` unless `one_way`; return the names of the links concerned."""
        links = self._between(a, b, one_way=one_way and kind == "reset")
        self._cuts.cut(a, b, kind, one_way=one_way)
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
        self._cuts.heal(a, b, one_way=one_way)
        for link in links:
            link.refusing = link.refusing and one_way and link.a != a
        for lane in _lanes(links, a, b, one_way=one_way):
            lane.heal()
        return [link.name for link in links]

    def heal_all(self) -> list[str]:
        """Undo every cut."""
        for link in self.links:
            self.heal(link.a, link.b)
        self._cuts = Cuts()  # of pairs that have no link now, too
        return [link.name for link in self.links]

    def describe(self) -> dict[str, Any]:
        """Return the state of every link, and the CPU time that this process has spent since it serves."""
        chunks = sum(lane.chunks for link in self.links for lane in (link.forward, link.back))
        chunks += self._chunks_of_removed
        cpu_s = time.process_time() - self._cpu_at_start_s
        return {
            "speed": self.speed,
            "chunks": chunks,
            "cpu_s": round(cpu_s, 4),
            "cpu_us_per_chunk": round(cpu_s / chunks * 1e6, 1) if chunks else None,
            "links": [link.describe() for link in self.links],
        }

    def _checked(self, link: LinkSpec) -> tuple[tuple[str, int], tuple[Path, Path]]:
        """Return target and paths of a link. Raises `UserError`."""
        target = split_address(link.target, f"link {link.name}: target")
        return target, (self._path(link.from_region, link.to), self._path(link.to, link.from_region))

    def _link(self, spec: LinkSpec) -> Link:
        target, paths = self._checked(spec)
        sock = open_socket(spec, f"link {spec.name}")
        a, b = spec.from_region, spec.to
        link = Link(name=spec.name, a=a, b=b, sock=sock, target=target, paths=paths, seed=self._seed)
        link.refusing = self._cuts.refuses(a, b)
        link.forward.held, link.back.held = self._cuts.holds(a, b), self._cuts.holds(b, a)
        return link

    def _between(self, a: str, b: str, *, one_way: bool) -> list[Link]:
        pairs = {(a, b)} if one_way else {(a, b), (b, a)}
        links = [link for link in self.links if (link.a, link.b) in pairs]
        if not links:
            known = ", ".join(sorted({f"{link.a} to {link.b}" for link in self.links}))
            raise UserError(f"no link between {a} and {b}: there are {known or 'none at all'}")
        return links


def paths_of(spec: WanSpec) -> Callable[[str, str], Path]:
    """Return the function that gives the path of an ordered pair of regions, at the spec's speed."""
    matrix = load_matrix(spec.matrix)
    jitter_ms = _by_pair(spec.jitter_ms, "jitter_ms", 0.0)
    mbit_s = _by_pair(
        math.inf if spec.bandwidth_mbit_s is None else spec.bandwidth_mbit_s, "bandwidth_mbit_s", math.inf
    )
    loss = _by_pair(spec.loss, "loss", 0.0)

    def path(a: str, b: str) -> Path:
        delay_s = matrix.one_way_s(a, b)
        if a == b:
            return Path()
        stall_s = RETRANSMIT_S + delay_s + matrix.one_way_s(b, a) if loss(a, b) else 0.0
        of_bytes = mbit_s(a, b) * 1e6 / 8, loss(a, b), stall_s
        return Path(delay_s, jitter_ms(a, b) / 1000, *of_bytes).faster(spec.speed)

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
