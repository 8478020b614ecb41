"""Measures the relay itself: what it adds beyond the asked delay, and its CPU time per chunk.

A server streams fixed-size chunks that carry the time at which they were written; the client takes the
time at which it reads each. Both run in this process and share CLOCK_MONOTONIC; the relay runs in a
process of its own, so that its CPU time is its own. The row `direct` is the same without a relay: what
client, server and loopback take. The relay's part is the difference.
"""

import asyncio
import itertools
import struct
import sys
import time
from typing import Any

import orjson

from nightshift.wan.client import ControlClient

_CHUNK_BYTES = 200  # about one server-sent event of a streamed answer
_GAP_S = 0.02
_SILENCE_S = 10.0  # a stream this long silent has failed
_STAMP = struct.Struct("<d")
_ASKED_MS = (0.0, 67.5)


async def measure_all(connections: int, chunks: int) -> list[dict[str, Any]]:
    """Return one row for the direct way and one for each asked delay. Times in ms."""
    server = await asyncio.start_server(lambda r, w: _stream(r, w, chunks), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        direct = _row("direct", 0.0, await _read_all(port, connections), None)
        return [direct, *[await _through_relay(port, asked_ms, connections) for asked_ms in _ASKED_MS]]


async def _through_relay(target: int, asked_ms: float, connections: int) -> dict[str, Any]:
    link = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": f"127.0.0.1:{target}"}
    matrix = {"a": {"b": 2 * asked_ms}}
    spec = orjson.dumps({"matrix": matrix, "links": [link], "control": {"listen": "127.0.0.1:0"}})
    command = (sys.executable, "-m", "nightshift.wan", "run", "-", "--with-parent")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None  # noqa: S101 - asked for as a pipe
    assert process.stdout is not None  # noqa: S101 - asked for as a pipe
    try:
        process.stdin.write(spec)
        process.stdin.close()
        ready = orjson.loads(await process.stdout.readline())
        port = int(ready["links"]["x"].rpartition(":")[2])
        took = await _read_all(port, connections)
        state = await asyncio.to_thread(ControlClient(ready["control"]).links)
    finally:
        process.terminate()
        await process.wait()
    return _row("relay", asked_ms, took, state["cpu_us_per_chunk"])


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunks: int) -> None:
    """Answer one byte with a stream of stamped chunks."""
    await reader.readexactly(1)
    for _ in range(chunks):
        writer.write(_STAMP.pack(time.monotonic()).ljust(_CHUNK_BYTES))
        await asyncio.sleep(_GAP_S)
    writer.close()
    await writer.wait_closed()


async def _read_all(port: int, connections: int) -> list[float]:
    """Return the seconds that each chunk took on its way, over all connections."""
    starts = (index / connections * _GAP_S for index in range(connections))
    took = await asyncio.gather(*(_read(port, start_after_s) for start_after_s in starts))
    return sorted(itertools.chain.from_iterable(took))


async def _read(port: int, start_after_s: float) -> list[float]:
    await asyncio.sleep(start_after_s)  # spread over the gap, so that streams do not all send at once
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"?")
    took = []
    try:
        while True:
            async with asyncio.timeout(_SILENCE_S):
                chunk = await reader.readexactly(_CHUNK_BYTES)
            took.append(time.monotonic() - _STAMP.unpack_from(chunk)[0])
    except asyncio.IncompleteReadError:
        return took
    finally:
        writer.close()
        await writer.wait_closed()


def _row(path: str, asked_ms: float, took: list[float], cpu_us_per_chunk: float | None) -> dict[str, Any]:
    added_ms = [seconds * 1000 - asked_ms for seconds in took]
    quantiles = {
        name: round(added_ms[int(q * (len(added_ms) - 1))], 3) for name, q in (("p50", 0.5), ("p99", 0.99))
    }
    return {
        "path": path,
        "asked_ms": asked_ms,
        "added_ms": quantiles,
        "cpu_us_per_chunk": cpu_us_per_chunk,
        "chunks": len(took),
    }
