"""Every call leaves exactly one record, and the record says how it ended."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from nightshift.bench.client.asking import Asker
from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.records import RequestRecord
from nightshift.bench.workloads.chat import ChatProgram
from nightshift.bench.workloads.conversations import Conversation, Turn

Records = list[RequestRecord]
PROGRAM = ChatProgram(Conversation("r-u7-c0", "r-u7", (Turn("Zoë?", 9), Turn("Why?", 9))), "r-u7-c0#2", None)


def asker(
    session: aiohttp.ClientSession, url: str, records: list[RequestRecord], speed: float = 1.0
) -> Asker:
    clock = RunClock(start_at=0.0, speed=speed)
    return Asker(session=session, endpoint=url, model="toy", region="r", clock=clock, record=records.append)


def ask(kit: Any, answer: Any, speed: float = 1.0) -> tuple[str | None, RequestRecord, Any]:
    async def main() -> tuple[str | None, RequestRecord, Any]:
        records: list[RequestRecord] = []
        async with kit.serve(answer) as server, aiohttp.ClientSession() as session:
            one = asker(session, server.url, records, speed)
            text = await one.ask(3, PROGRAM, PROGRAM.first()[0])
            assert one.running == 0
        (record,) = records
        return text, record, server

    return asyncio.run(main())


def test_a_whole_answer(kit: Any) -> None:
    text, record, _ = ask(kit, kit.whole)
    assert text == "Good morning."
    assert record.finished
    assert (record.uid, record.region, record.user, record.turn) == ("r-0", "r", 3, 0)
    assert (record.program_id, record.hash_key) == ("r-u7-c0#2", "r-u7")
    assert (record.input_tokens, record.output_tokens, record.cached_tokens) == (20, 2, 16)
    assert record.prompt_bytes == 5


def test_times_are_in_order(kit: Any) -> None:
    _, record, _ = ask(kit, kit.whole)
    assert record.response_start is not None
    assert record.streaming_start is not None
    assert record.start <= record.response_start <= record.streaming_start <= record.end
    assert record.ttft == record.streaming_start - record.start
    assert record.e2e_latency == record.end - record.start


def test_asks_as_documented(kit: Any) -> None:
    _, _, server = ask(kit, kit.whole)
    assert server.bodies == [
        {
            "model": "toy",
            "messages": [{"role": "user", "content": "Zoë?"}],
            "max_tokens": 9,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "ignore_eos": True,
        }
    ]
    assert server.headers[0]["x-hash-key"] == "r-u7"
    assert server.headers[0]["x-request-id"] == "r-0"


def test_headers_of_the_balancer_become_fields(kit: Any) -> None:
    headers = {
        "X-Nightshift-Balancer": "us",
        "x-nightshift-replica": "us-1",
        "x-nightshift-served-by": "us",
        "x-nightshift-hops": "1",
        "x-nightshift-queued-ms": "250",
        "x-nightshift-matched": "0.75",
    }

    async def answer(request: web.Request, body: Any) -> Any:
        return await kit.stream(request, kit.pieces, headers)

    _, record, _ = ask(kit, answer, speed=4.0)
    assert (record.balancer, record.replica, record.served_by) == ("us", "us-1", "us")
    assert (record.hops, record.queued_s, record.matched) == (1, 1.0, 0.75)
    assert record.headers["x-nightshift-balancer"] == "us"


def test_a_header_that_is_no_number_is_none(kit: Any) -> None:
    async def answer(request: web.Request, body: Any) -> Any:
        return await kit.stream(request, kit.pieces, {"x-nightshift-queued-ms": "long"})

    assert ask(kit, answer)[1].queued_s is None


def test_a_finish_reason_is_enough(kit: Any) -> None:
    async def answer(request: web.Request, body: Any) -> Any:
        return await kit.stream(request, kit.pieces[:3])

    text, record, _ = ask(kit, answer)
    assert text == "Good morning."
    assert record.finished
    assert (record.input_tokens, record.output_tokens) == (None, 2)


async def refuse(request: web.Request, body: Any) -> web.Response:
    return web.json_response({"error": {"message": "queue full"}}, status=429)


async def redirect(request: web.Request, body: Any) -> web.Response:
    return web.Response(status=302, headers={"location": "/v1/models"})


async def plain(request: web.Request, body: Any) -> web.Response:
    return web.Response(status=500, text="Oops")


@pytest.mark.parametrize(
    ("answer", "message"),
    [(refuse, "HTTP 429: queue full"), (redirect, "HTTP 302: "), (plain, "HTTP 500: Oops")],
)
def test_a_status_other_than_2xx_fails(kit: Any, answer: Any, message: str) -> None:
    text, record, _ = ask(kit, answer)
    assert text is None
    assert record.failed == message
    assert record.e2e_latency is None
    assert not record.unfinished


def test_an_error_inside_the_stream_fails(kit: Any) -> None:
    async def answer(request: web.Request, body: Any) -> Any:
        return await kit.stream(request, [kit.pieces[0], b'data: {"error": {"message": "no memory"}}\n\n'])

    text, record, _ = ask(kit, answer)
    assert text is None
    assert record.failed == "StreamError: error in the stream: no memory"
    assert record.output_tokens == 1


def test_a_stream_that_ends_too_soon_fails(kit: Any) -> None:
    async def answer(request: web.Request, body: Any) -> Any:
        return await kit.stream(request, kit.pieces[:2])

    assert ask(kit, answer)[1].failed == "StreamError: the stream ended without a finish reason"


def test_a_broken_connection_fails(kit: Any) -> None:
    async def answer(request: web.Request, body: Any) -> Any:
        response = await kit.stream(request, kit.pieces[:1])
        assert request.transport is not None
        request.transport.abort()
        return response

    text, record, _ = ask(kit, answer)
    assert text is None
    assert record.failed


def test_nobody_listening_fails() -> None:
    async def main() -> list[RequestRecord]:
        records: list[RequestRecord] = []
        async with aiohttp.ClientSession() as session:
            await asker(session, "http://127.0.0.1:1", records).ask(0, PROGRAM, PROGRAM.first()[0])
        return records

    (record,) = asyncio.run(main())
    assert record.failed is not None
    assert record.failed.startswith("ClientConnectorError: ")


def test_a_call_that_is_cut_off_is_unfinished(kit: Any) -> None:
    async def main() -> tuple[int, list[RequestRecord]]:
        records: list[RequestRecord] = []
        streaming = asyncio.Event()

        async def answer(request: web.Request, body: Any) -> Any:
            response = await kit.stream(request, kit.pieces[:1])
            streaming.set()
            await asyncio.Event().wait()
            return response

        async with kit.serve(answer) as server, aiohttp.ClientSession() as session:
            one = asker(session, server.url, records)
            task = asyncio.get_running_loop().create_task(one.ask(0, PROGRAM, PROGRAM.first()[0]))
            await streaming.wait()
            while not records:
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
            return one.running, records

    running, (record,) = asyncio.run(main())
    assert running == 0
    assert record.unfinished
    assert record.failed is None
    assert record.e2e_latency is None
    assert record.end >= record.start
