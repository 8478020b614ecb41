"""The Responses API of the emulated engine, as the `openai` package sees it: what is stored, until when."""

from collections.abc import Callable
from typing import Any

import openai
import orjson
import pytest
from tests.backends.emulated.test_server import MODEL, client_of, post

RunServer = Callable[..., None]


def test_a_conversation_goes_on_from_what_is_stored(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            asked = "tell me about the night shift, " * 5
            first = await client.responses.create(model=MODEL, input=asked, max_output_tokens=20)
            assert first.id.startswith("resp_")
            assert len(first.id) == 37
            assert first.usage is not None
            second = await client.responses.create(
                model=MODEL, input="and then?", previous_response_id=first.id, max_output_tokens=20
            )
            assert second.usage is not None
            assert second.previous_response_id == first.id
            whole = await client.chat.completions.create(
                model=MODEL,
                messages=[
                    {"role": "user", "content": asked},
                    {"role": "assistant", "content": first.output_text},
                    {"role": "user", "content": "and then?"},
                ],
                max_tokens=20,
            )
            assert second.output_text == whole.choices[0].message.content
            assert whole.usage is not None
            assert second.usage.input_tokens == whole.usage.prompt_tokens
            assert second.usage.input_tokens_details.cached_tokens > 0

    with_server(body)


def test_instructions_are_not_carried_over(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            kept = await client.responses.create(model=MODEL, input="a", instructions="be brief " * 20)
            second = await client.responses.create(model=MODEL, input="b", previous_response_id=kept.id)
            assert kept.usage is not None
            assert second.usage is not None
            assert second.usage.input_tokens < kept.usage.input_tokens + kept.usage.output_tokens

    with_server(body)


def test_a_stream_says_what_is_stored(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            create: Any = client.responses.create
            stream = await create(model=MODEL, input=[{"role": "user", "content": "hi"}], stream=True)
            events = [event async for event in stream]
            assert [event.sequence_number for event in events] == list(range(len(events)))
            first, last = events[0], events[-1]
            assert first.type == "response.created"
            assert last.type in ("response.completed", "response.incomplete")
            deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
            stored = await client.responses.retrieve(first.response.id)
            assert stored.output_text == "".join(deltas) == last.response.output_text
            assert stored.usage == last.response.usage

    with_server(body)


def test_what_is_not_to_be_stored_is_not_there(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            made = await client.responses.create(model=MODEL, input="hi", store=False)
            with pytest.raises(openai.NotFoundError, match=f"Response with id '{made.id}' not found"):
                await client.responses.retrieve(made.id)
            with pytest.raises(openai.NotFoundError):
                await client.responses.create(model=MODEL, input="hi", previous_response_id=made.id)

    with_server(body)


def test_deleting_and_listing(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            content = [{"type": "input_text", "text": "h"}, {"type": "input_text", "text": "i"}]
            create: Any = client.responses.create
            made = await create(model=MODEL, input=[{"role": "user", "content": content}])
            items: Any = [item async for item in client.responses.input_items.list(made.id)]
            assert [item.content[0].text for item in items] == ["hi"]
            await client.responses.delete(made.id)
            with pytest.raises(openai.NotFoundError):
                await client.responses.delete(made.id)

    with_server(body)


def test_the_background(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            long: Any = {"extra_body": {"min_tokens": 4000, "ignore_eos": True}, "max_output_tokens": 4000}
            made = await client.responses.create(model=MODEL, input="hi", background=True, **long)
            assert made.status == "queued"
            assert made.usage is None
            await served.until(lambda: served.engine.stats().running == 1)
            assert (await client.responses.retrieve(made.id)).status == "in_progress"
            assert (await client.responses.cancel(made.id)).status == "cancelled"
            await served.until(lambda: served.engine.stats().running == 0)
            with pytest.raises(openai.BadRequestError, match="Cannot cancel"):
                await client.responses.cancel(made.id)
            short = await client.responses.create(model=MODEL, input="hi", background=True)
            while (stored := await client.responses.retrieve(short.id)).status in ("queued", "in_progress"):
                pass
            assert stored.output_text

    with_server(body, profile="l4-llama-3.1-8b")


def test_what_still_runs_ends_with_the_server(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            long: Any = {"extra_body": {"min_tokens": 4000, "ignore_eos": True}, "max_output_tokens": 4000}
            await client.responses.create(model=MODEL, input="hi", background=True, **long)
            await served.until(lambda: served.engine.stats().running == 1)

    with_server(body, profile="l4-llama-3.1-8b")


def test_a_client_may_choose_the_id(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        answer = await served.exchange(post("/v1/responses", {"input": "hi", "request_id": "resp_mine"}))
        assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["id"] == "resp_mine"

    with_server(body)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": "a", "max_output_tokens": 0}, "max_output_tokens"),
        ({"input": "a", "background": True, "store": False}, "background"),
        ({"input": "a", "model": "other"}, "model"),
    ],
)
def test_wrong_ones(with_server: RunServer, fields: dict[str, object], param: str) -> None:
    async def body(served: Any) -> None:
        answer = await served.exchange(post("/v1/responses", fields))
        error = orjson.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert error["type"] == "invalid_request_error"
        assert error["param"].startswith(param)

    with_server(body)
