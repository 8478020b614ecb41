"""Asks one chat completion and writes down what came of it.

Every call leaves exactly one record, however it ended: finished, failed (the connection broke, a status
of 300 or more, an error inside the stream, a stream that ended too soon) or unfinished (cancelled because
the run is over). Nothing is asked twice.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import orjson

from nightshift.bench.client.answer_stream import AnswerStream, StreamError, error_text
from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.records import RequestRecord
from nightshift.bench.workloads import Call, Program


@dataclass(slots=True)
class Attempt:
    """What is known of a call so far. Times of the run's clock."""

    start: float
    scheduled: float | None = None
    stream: AnswerStream = field(default_factory=AnswerStream)
    response_start: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    failed: str | None = None
    unfinished: bool = False

    @property
    def finished_at(self) -> float | None:
        """When the answer was complete, if it is."""
        stream = self.stream
        return stream.done_at if stream.finished_at is None else stream.finished_at


class Asker:
    """Asks at one endpoint for the users of one region."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        endpoint: str,
        model: str,
        region: str,
        clock: RunClock,
        record: Callable[[RequestRecord], None],
    ) -> None:
        """`record` is called once for each call, when it has ended."""
        self._session = session
        self._url = f"{endpoint}/v1/chat/completions"
        self._model = model
        self._region = region
        self._clock = clock
        self._record = record
        self._numbers = count()
        self.running = 0
        """Calls under way."""

    async def ask(
        self, user: int, program: Program, call: Call, scheduled: float | None = None
    ) -> str | None:
        """Return the answer, or None if the call failed. `scheduled` is when it was due, in an open loop."""
        uid = f"{self._region}-{next(self._numbers)}"
        body = self._body(call)
        headers = {
            "content-type": "application/json",
            "x-hash-key": program.hash_key,
            "x-request-id": uid,
        }
        self.running += 1
        attempt = Attempt(self._clock.now(), scheduled)
        try:
            await self._stream(attempt, body, headers)
        except asyncio.CancelledError:
            attempt.unfinished = True
            raise
        except (aiohttp.ClientError, OSError, StreamError) as error:
            attempt.failed = f"{type(error).__name__}: {error}"[:300]
        finally:
            self.running -= 1
            self._record(self._as_record(attempt, uid, user, program, call))
        return None if attempt.failed else attempt.stream.text

    def _body(self, call: Call) -> bytes:
        return orjson.dumps(
            {
                "model": self._model,
                "messages": call.messages,
                "max_tokens": call.max_tokens,
                "temperature": call.temperature,
                "stream": True,
                "stream_options": {"include_usage": True},
                **({"ignore_eos": True} if call.ignore_eos else {}),
            }
        )

    async def _stream(self, attempt: Attempt, body: bytes, headers: dict[str, str]) -> None:
        async with self._session.post(
            self._url, data=body, headers=headers, allow_redirects=False
        ) as response:
            attempt.response_start = self._clock.now()
            attempt.headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status >= 300:
                attempt.failed = f"HTTP {response.status}: {_error_of(await response.read())}"
                return
            async for data in response.content.iter_any():
                attempt.stream.feed(data, self._clock.now())
        if attempt.finished_at is None:
            raise StreamError("the stream ended without a finish reason")

    def _as_record(
        self, attempt: Attempt, uid: str, user: int, program: Program, call: Call
    ) -> RequestRecord:
        stream, headers, start = attempt.stream, attempt.headers, attempt.start
        finished = attempt.finished_at if not (attempt.failed or attempt.unfinished) else None
        queued_ms = _number(headers.get("x-nightshift-queued-ms"))
        hops = _number(headers.get("x-nightshift-hops"))
        return RequestRecord(
            uid=uid,
            region=self._region,
            user=user,
            turn=call.turn,
            program_id=program.id,
            hash_key=program.hash_key,
            prompt_bytes=sum(len(message["content"].encode()) for message in call.messages),
            start=start,
            scheduled=attempt.scheduled,
            end=self._clock.now() if finished is None else finished,
            response_start=attempt.response_start,
            streaming_start=stream.first_content_at,
            ttft=None if stream.first_content_at is None else stream.first_content_at - start,
            e2e_latency=None if finished is None else finished - start,
            failed=attempt.failed,
            unfinished=attempt.unfinished,
            input_tokens=stream.input_tokens,
            output_tokens=stream.output_tokens,
            cached_tokens=stream.cached_tokens,
            itl_s=[round(gap, 4) for gap in stream.gaps] or None,
            itl_mean=stream.mean_gap,
            itl_max=stream.longest_gap,
            balancer=headers.get("x-nightshift-balancer"),
            replica=headers.get("x-nightshift-replica"),
            served_by=headers.get("x-nightshift-served-by"),
            hops=None if hops is None else int(hops),
            queued_s=None if queued_ms is None else queued_ms / 1000 * self._clock.speed,
            matched=_number(headers.get("x-nightshift-matched")),
            headers=headers,
        )


def _error_of(body: bytes) -> str:
    try:
        return error_text(orjson.loads(body))
    except orjson.JSONDecodeError:
        return body[:200].decode("utf-8", "replace")


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
