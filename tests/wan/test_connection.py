"""One connection over real sockets. Times are asserted from below only: never sooner than asked."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

RTT_MS = 40.0
RTT_S = RTT_MS / 1000
WanFactory = Callable[..., Any]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_fresh_connection_costs_two_round_trips_and_a_kept_one_costs_one(
    wan: WanFactory, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        async with wan(_echo, RTT_MS) as world:
            start = time.monotonic()
            reader, writer = await world.connect()
            writer.write(b"first")
            assert await reader.readexactly(5) == b"first"
            fresh_s = time.monotonic() - start
            start = time.monotonic()
            writer.write(b"again")
            assert await reader.readexactly(5) == b"again"
            kept_s = time.monotonic() - start
            await _shut(writer)
            assert fresh_s >= 2 * RTT_S
            assert kept_s >= RTT_S
            assert world.link["forward"]["chunks"] == world.link["back"]["chunks"] == 2

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


def test_a_stream_stays_whole_and_in_order(wan: WanFactory) -> None:
    events = [f"data: {n} {'x' * (n % 300)}\n\n".encode() for n in range(400)]

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        for event in events:
            writer.write(event)
            await asyncio.sleep(0)

    async def main() -> None:
        async with wan(stream, 20, jitter_ms=2, bandwidth_mbit_s=50) as world:
            reader, writer = await world.connect()
            writer.write(b"go\n")
            assert await reader.read(-1) == b"".join(events)
            await _shut(writer)
            assert world.link["back"]["bytes"] == sum(map(len, events))

    uvloop.run(main())


def test_the_end_of_a_stream_arrives_one_way_later_and_the_other_direction_stays_open(
    wan: WanFactory,
) -> None:
    ended_s: list[float] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        total = len(await reader.read(-1))
        ended_s.append(time.monotonic())
        writer.write(str(total).encode())

    async def main() -> None:
        async with wan(count, RTT_MS) as world:
            reader, writer = await world.connect()
            writer.write(b"x" * 100_000)
            writer.write_eof()
            start = time.monotonic()
            assert await reader.read(-1) == b"100000"
            assert ended_s[0] - start >= RTT_S / 2
            assert time.monotonic() - start >= RTT_S
            await _shut(writer)
            await world.until(lambda link: link["connections"]["open"] == 0)

    uvloop.run(main())


def test_a_target_that_refuses_resets_the_client_after_a_round_trip(wan: WanFactory) -> None:
    async def main() -> None:
        async with wan(None, RTT_MS) as world:
            start = time.monotonic()
            reader, writer = await world.connect()
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            assert time.monotonic() - start >= RTT_S
            writer.close()
            await world.until(lambda link: link["connections"]["open"] == 0)
            assert world.link["connections"] == {"open": 0, "opened": 1, "refused": 1}

    uvloop.run(main())


def test_a_client_that_goes_away_ends_the_upstream_one_way_later(wan: WanFactory) -> None:
    async def main() -> None:
        ends: asyncio.Queue[tuple[type[BaseException] | None, float]] = asyncio.Queue()

        async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            error: type[BaseException] | None = None
            try:
                await reader.read(-1)
            except ConnectionResetError as reset:
                error = type(reset)
            ends.put_nowait((error, time.monotonic()))

        async with wan(watch, RTT_MS) as world:
            for leave, expected in ((_reset, ConnectionResetError), (asyncio.StreamWriter.close, None)):
                reader, writer = await world.connect()
                assert await reader.readexactly(5) == b"hello"
                start = time.monotonic()
                leave(writer)
                error, ended_s = await asyncio.wait_for(ends.get(), 5)
                assert error is expected
                assert ended_s - start >= RTT_S / 2
            await world.until(lambda link: link["connections"]["open"] == 0)

    uvloop.run(main())


def test_an_upstream_that_resets_resets_the_client_behind_its_last_bytes(wan: WanFactory) -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"last words")
        await asyncio.sleep(0.01)
        _reset(writer)

    async def main() -> None:
        async with wan(fail, RTT_MS) as world:
            reader, writer = await world.connect()
            writer.write(b"?")
            assert await reader.readexactly(10) == b"last words"
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()
            await world.until(lambda link: link["connections"]["open"] == 0)

    uvloop.run(main())


def test_a_reader_that_stalls_stalls_its_sender(wan: WanFactory) -> None:
    total = 32 * 1024 * 1024

    async def main() -> None:
        written = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            while written < total:
                writer.write(bytes(65536))
                await writer.drain()
                written += 65536

        async with wan(flood, 4, bandwidth_mbit_s=1000) as world:
            reader, writer = await world.connect()
            writer.transport.pause_reading()
            bound = 512 * 1024 + 256 * 1024  # window of 1 Gbit/s x 4 ms, and one read of uvloop
            await world.until(lambda link: link["back"]["in_flight_bytes"] > 400 * 1024)
            before = -1
            while before != written:  # until the sender makes no progress for a while
                before = written
                await asyncio.sleep(0.05)
                assert world.link["back"]["in_flight_bytes"] <= bound
            assert written < total
            writer.transport.resume_reading()
            assert len(await reader.read(-1)) == total
            await _shut(writer)

    uvloop.run(main())


def test_what_a_client_that_gave_up_in_a_cut_had_sent_never_reaches_the_target(wan: WanFactory) -> None:
    async def main() -> None:
        seen: list[bytes] = []

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.read(100))
            writer.write(b"ok")

        async with wan(note, 4) as world:
            world.relay.cut("a", "b")
            _, writer = await world.connect()
            writer.write(b"impatient")
            await world.until(lambda link: link["connections"]["open"] == 1)
            await _shut(writer)
            reader, patient = await world.connect()
            patient.write(b"patient")
            await world.until(lambda link: link["connections"]["open"] == 2)
            world.relay.heal("a", "b")
            assert await reader.read(2) == b"ok"
            await world.until(lambda link: link["connections"]["open"] <= 1)
            await _shut(patient)
            assert seen == [b"patient"]

    uvloop.run(main())
