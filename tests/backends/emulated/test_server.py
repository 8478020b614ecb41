"""The server as its clients see it: the `openai` package, plain HTTP, and clients that leave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import openai
import orjson
import pytest

RunServer = Callable[..., None]
MODEL = "emulated-model"


@asynccontextmanager
async def client_of(served: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"http://{served.address}/v1", api_key="none", max_retries=0
    ) as client:
        yield client


def post(path: str, body: object, *headers: str) -> bytes:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"POST {path} HTTP/1.1", "host: x", "connection: close", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


def test_chat_and_its_second_turn(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            messages: list[Any] = [
                {"role": "user", "content": "tell me about the night shift, " * 4}
            ]  # whole tokens
            first = await client.chat.completions.create(model=MODEL, messages=messages, max_tokens=50)
            answer = first.choices[0].message.content
            assert first.usage is not None
            assert answer is not None
            assert first.usage.prompt_tokens_details is not None
            assert first.usage.prompt_tokens_details.cached_tokens == 0
            assert len(answer) == 4 * first.usage.completion_tokens
            messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": "and then?"}]
            second = await client.chat.completions.create(model=MODEL, messages=messages, max_tokens=5)
            assert second.usage is not None
            assert second.usage.prompt_tokens_details is not None
            cached = second.usage.prompt_tokens_details.cached_tokens
            known = first.usage.prompt_tokens + first.usage.completion_tokens - 1
            assert cached == known // 16 * 16

    with_server(body)


def test_a_stream_says_the_same_as_one_piece(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            messages: list[Any] = [{"role": "user", "content": "hello"}]
            whole = await client.chat.completions.create(model=MODEL, messages=messages, max_tokens=40)
            stream = await client.chat.completions.create(
                model=MODEL,
                messages=messages,
                max_tokens=40,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
            assert chunks[0].choices[0].delta.role == "assistant"
            assert not chunks[0].choices[0].delta.content
            texts = [chunk.choices[0].delta.content or "" for chunk in chunks[:-1]]
            assert "".join(texts) == whole.choices[0].message.content
            assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
            assert chunks[-1].choices == []
            assert chunks[-1].usage is not None
            assert whole.usage is not None
            assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
            assert len([text for text in texts if text]) == whole.usage.completion_tokens

    with_server(body)


def test_completions(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            whole = await client.completions.create(model=MODEL, prompt="once upon a time")
            assert whole.usage is not None
            assert 1 <= whole.usage.completion_tokens <= 16
            extra = {"ignore_eos": True}
            exact = await client.completions.create(
                model=MODEL, prompt="once", max_tokens=333, extra_body=extra
            )
            assert exact.usage is not None
            assert exact.usage.completion_tokens == 333
            assert exact.choices[0].finish_reason == "length"
            stream = await client.completions.create(
                model=MODEL, prompt="once", max_tokens=333, stream=True, extra_body=extra
            )
            assert "".join([chunk.choices[0].text async for chunk in stream]) == exact.choices[0].text

    with_server(body)


def test_models_health_and_the_mark(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:
            assert [model.id async for model in client.models.list()] == [MODEL]
        reply = await served.exchange(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert reply.startswith(b"HTTP/1.1 200")
        assert b"x-engine-emulated: instant" in reply

    with_server(body)


def test_request_id_is_passed_through_or_made(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        ask = {"prompt": "x", "max_tokens": 1}
        named = await served.exchange(post("/v1/completions", ask, "x-request-id: my-name"))
        assert b"x-request-id: my-name\r\n" in named
        assert b'"id":"cmpl-my-name"' in named
        assert b"x-request-id: " in await served.exchange(post("/v1/completions", ask))
        odd = await served.exchange(post("/v1/completions", ask, "x-request-id: ?").replace(b"?", b"\xff"))
        assert odd.startswith(b"HTTP/1.1 200"), "a name that is no text is replaced"

    with_server(body)


def test_errors_raise_what_openai_clients_expect(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        messages: list[Any] = [{"role": "user", "content": "hello"}]
        async with client_of(served) as client:
            create = client.chat.completions.create
            with pytest.raises(openai.NotFoundError) as missing:
                await create(model="another", messages=messages)
            assert missing.value.code == "model_not_found"
            with pytest.raises(openai.BadRequestError) as long:
                await create(model=MODEL, messages=messages, max_tokens=1_000_000)
            assert long.value.code == "context_length_exceeded"
            with pytest.raises(openai.BadRequestError, match="n: "):
                await create(model=MODEL, messages=messages, n=2)
            with pytest.raises(openai.BadRequestError, match="max_tokens: "):
                await create(model=MODEL, messages=messages, max_tokens=0)

    with_server(body)


@pytest.mark.parametrize(
    ("path", "content", "status", "says"),
    [
        ("/v1/chat/completions", b'{"messages": [', 400, "could not parse the JSON"),
        ("/v1/chat/completions", b"{}", 400, "messages: Field required"),
        ("/v1/chat/completions", b'{"messages": []}', 400, "messages: "),
        ("/v1/chat/completions", b'{"messages": "hello"}', 400, "messages: "),
        ("/v1/chat/completions", b'{"messages": [{"content": "x"}]}', 400, "messages.0.role: "),
        (
            "/v1/chat/completions",
            b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
            400,
            "messages.0.content",
        ),
        ("/v1/completions", b'{"prompt": ["a", "b"]}', 400, "prompt"),
        ("/v1/completions", b'{"prompt": ""}', 400, "empty"),
        ("/v1/nothing", b"{}", 404, "Not Found: POST /v1/nothing"),
        ("/health", b"{}", 405, "Method Not Allowed"),
    ],
)
def test_wrong_requests(with_server: RunServer, path: str, content: bytes, status: int, says: str) -> None:
    async def body(served: Any) -> None:
        reply = await served.exchange(post(path, content))
        head, _, json = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d" % status)
        error = orjson.loads(json)["error"]
        assert says in error["message"]
        assert set(error) == {"message", "type", "param", "code"}

    with_server(body)


def test_text_parts_are_put_together(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        texts = set()
        for content in ("hello", [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]):
            ask = {"messages": [{"role": "user", "content": content}], "max_tokens": 9, "ignore_eos": True}
            reply = await served.exchange(post("/v1/chat/completions", ask))
            texts.add(orjson.loads(reply.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"])
        assert len(texts) == 1

    with_server(body)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_place(with_server: RunServer, stream: bool) -> None:
    async def body(served: Any) -> None:
        ask = {"prompt": "x" * 400, "max_tokens": 20_000, "ignore_eos": True, "stream": stream}
        reader, writer = await asyncio.open_connection(*served.host_port)
        writer.write(post("/v1/completions", ask))
        await served.until(lambda: served.engine.stats().running == 1)
        if stream:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
        # Well before its 20,000 steps of 61 ms.
        await served.until(lambda: served.engine.stats().kv_used_tokens == 0)
        assert served.engine.stats().running == 0
        assert served.engine.stats().totals.aborted == 1

    with_server(body, profile="l4-llama-3.1-8b")


def test_http_1_0_gets_a_plain_body(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        ask = post("/v1/completions", {"prompt": "x", "max_tokens": 3, "stream": True})
        reply = await served.exchange(ask.replace(b"HTTP/1.1", b"HTTP/1.0"))
        head, _, events = reply.partition(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert events.startswith(b"data: {")
        assert events.endswith(b"data: [DONE]\n\n")

    with_server(body)


def test_many_at_once_all_get_their_own_answer(with_server: RunServer) -> None:
    async def body(served: Any) -> None:
        async with client_of(served) as client:

            async def one(index: int) -> int:
                whole = await client.completions.create(
                    model=MODEL, prompt=f"number {index}", max_tokens=index, extra_body={"ignore_eos": True}
                )
                assert whole.usage is not None
                return whole.usage.completion_tokens

            assert await asyncio.gather(*(one(index) for index in range(1, 30))) == list(range(1, 30))
        assert served.engine.stats().running == 0

    with_server(body)
