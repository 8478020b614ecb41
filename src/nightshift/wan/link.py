"""A link: a listening socket in one region that stands for a target in another.

A link knows its two lanes and its connections. Pairs of regions, cutting and healing are the relay's.
"""

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

from nightshift.processes import address_of
from nightshift.wan.connection import Connection
from nightshift.wan.delay import DelayLine, Path
from nightshift.wan.lane import Lane
from nightshift.wan.pipe import Waker

_BACKLOG = 1024


class Link:
    """Relays from `sock` in region `a` to `target` (host, port) in region `b`."""

    def __init__(
        self,
        *,
        name: str,
        a: str,
        b: str,
        sock: socket.socket,
        target: tuple[str, int],
        paths: tuple[Path, Path],
        seed: int,
    ) -> None:
        self.name = name
        self.a = a
        self.b = b
        self.address = address_of(sock)
        self.forward, self.back = Lane(paths[0]), Lane(paths[1])
        self.refusing = False
        self.connections: set[Connection] = set()
        self.opened = 0
        self.refused = 0
        self._sock = sock
        self.target = target
        """Where new connections go."""
        self._seed = seed
        self._server: asyncio.Server | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    async def serve(self, alarm: Waker) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._accept(alarm), sock=self._sock, backlog=_BACKLOG
        )

    def close(self) -> None:
        """Stop listening and reset every connection."""
        if self._server is None:
            self._sock.close()
        else:
            self._server.close()
        for task in self._connecting:
            task.cancel()
        self.reset()

    def reset(self) -> None:
        """Reset every connection, at once and on both sides."""
        for connection in tuple(self.connections):
            connection.abort()

    def connect(self, far: asyncio.Protocol, refused: Callable[[], None]) -> None:
        """Connect `far` to the target; call `refused` if that fails."""
        task = asyncio.get_running_loop().create_task(self._connect(far, refused))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def forget(self, connection: Connection) -> None:
        """Both ends of `connection` are gone."""
        self.connections.discard(connection)

    def describe(self) -> dict[str, Any]:
        """Return state and counters, ready for JSON. Lateness is in real ms, whatever the speed."""
        host, port = self.target
        return {
            "name": self.name,
            "from": self.a,
            "to": self.b,
            "address": self.address,
            "target": f"{host}:{port}",
            "refusing": self.refusing,
            "connections": {"open": len(self.connections), "opened": self.opened, "refused": self.refused},
            "forward": _describe(self.forward),
            "back": _describe(self.back),
        }

    async def _connect(self, far: asyncio.Protocol, refused: Callable[[], None]) -> None:
        host, port = self.target
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, host, port)
        except OSError:
            self.refused += 1
            refused()

    def _accept(self, alarm: Waker) -> asyncio.Protocol:
        self.opened += 1
        connection = Connection(self, self._flow(self.forward, ">"), self._flow(self.back, "<"), alarm)
        self.connections.add(connection)
        return connection.near

    def _flow(self, lane: Lane, direction: str) -> tuple[Lane, DelayLine]:
        # Seeded by connection, so that how connections interleave does not change their jitter.
        rng = random.Random(f"{self._seed} {self.name} {self.opened} {direction}")
        return lane, DelayLine(lane.path, rng)


def _describe(lane: Lane) -> dict[str, Any]:
    return {
        "state": "cut" if lane.held else "up",
        "one_way_ms": round(lane.path.delay_s * 1000, 3),
        "bytes": lane.bytes,
        "chunks": lane.chunks,
        "in_flight_bytes": lane.in_flight_bytes,
        "late_ms": lane.lateness.summary_ms(),
    }
