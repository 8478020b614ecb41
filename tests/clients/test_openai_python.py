"""The official Python client, through a balancer that is a process of its own."""

import asyncio
from collections.abc import Iterator

import openai
import orjson
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from tests.clients.conftest import until
from tests.clients.replies import LOGPROBS, REPLIES, error
from tests.clients.scripted import Reply, ScriptedEngine, Seen
from tests.soak.asking import MODEL, Question

DROPPED_S = 2.0
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Weather(BaseModel):
    city: str
    degrees: int


def client_of(address: str, **options: object) -> OpenAI:
    values = {"api_key": "k", "max_retries": 0, "timeout": 10.0, **options}
    return OpenAI(base_url=f"http://{address}/v1", **values)  # type: ignore[arg-type]


@pytest.fixture
def client(scripted: str) -> Iterator[OpenAI]:
    with client_of(scripted) as made:
        yield made


def say(client: OpenAI, name: str, **more: object) -> openai.types.chat.ChatCompletion:
    """Ask for one of the scripted replies."""
    asked = {"model": "m", "messages": [{"role": "user", "content": f"say={name}"}], **more}
    answer = client.chat.completions.create(**asked)  # type: ignore[call-overload]
    assert isinstance(answer, openai.types.chat.ChatCompletion)
    return answer


def stream(client: OpenAI, name: str) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
    return client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": f"say={name}"}], stream=True
    )


def test_an_answer_in_one_piece_and_as_a_stream(emulated: str) -> None:
    question = Question("python", tokens=20)
    asked = {"model": MODEL, "messages": [{"role": "user", "content": question.content}], "max_tokens": 20}
    asked["extra_body"] = {"ignore_eos": True}
    with client_of(emulated) as client:
        raw = client.chat.completions.with_raw_response.create(**asked)  # type: ignore[call-overload]
        assert raw.parse().choices[0].message.content == question.answer
        assert raw.headers["x-nightshift-replica"] == "emulated-0"
        chunks = list(
            client.chat.completions.create(  # type: ignore[call-overload]
                **asked, stream=True, stream_options={"include_usage": True}
            )
        )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == question.answer
    assert chunks[-1].usage.completion_tokens == 20


def test_fifty_at_once_get_their_own_answers(emulated: str) -> None:
    async def one(client: AsyncOpenAI, number: int) -> bool:
        question = Question(f"p{number}")
        answer = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": question.content}],
            max_tokens=question.tokens,
            extra_body={"ignore_eos": True},
        )
        return answer.choices[0].message.content == question.answer

    async def all_of_them() -> list[bool]:
        async with AsyncOpenAI(base_url=f"http://{emulated}/v1", api_key="k", max_retries=0) as client:
            return await asyncio.gather(*(one(client, number) for number in range(50)))

    assert all(asyncio.run(all_of_them()))


def test_completions_and_models(emulated: str) -> None:
    with client_of(emulated) as client:
        assert client.completions.create(model=MODEL, prompt="hello", max_tokens=4).usage is not None
        assert MODEL in [model.id for model in client.models.list()]


def test_tools(client: OpenAI, engine: ScriptedEngine) -> None:
    message = say(client, "tools", tools=[TOOL], tool_choice="auto").choices[0].message
    assert message.tool_calls is not None
    call = message.tool_calls[0]
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("weather", '{"city":"Ōsaka"}')
    assert engine.seen.get(timeout=1).json()["tools"] == [TOOL]


def test_tools_in_a_stream(client: OpenAI) -> None:
    arguments = ""
    for chunk in stream(client, "tools_stream"):
        for call in chunk.choices[0].delta.tool_calls or ():
            assert call.function is not None
            arguments += call.function.arguments or ""
    assert arguments == '{"city":"Ōsaka"}'


def test_json_by_schema(client: OpenAI, engine: ScriptedEngine) -> None:
    answer = client.chat.completions.parse(
        model="m", messages=[{"role": "user", "content": "say=json"}], response_format=Weather
    )
    assert answer.choices[0].message.parsed == Weather(city="Ōsaka", degrees=21)
    assert engine.seen.get(timeout=1).json()["response_format"]["type"] == "json_schema"


def test_log_probabilities_are_untouched(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "say=logprobs"}], logprobs=True, top_logprobs=0
    )
    assert raw.content == REPLIES["logprobs"].body
    assert orjson.loads(raw.content)["choices"][0]["logprobs"] == LOGPROBS


ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    413: openai.APIStatusError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_of_the_engine_is_its_own_exception(client: OpenAI, status: int) -> None:
    with pytest.raises(ERRORS[status], match="no") as raised:
        say(client, f"error_{status}")
    assert raised.value.status_code == status
    assert raised.value.code == "c"


def test_errors_of_the_balancer_have_the_same_form(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as bad:
        client.chat.completions.create(model="m", messages=[])
    assert bad.value.param == "messages"
    with pytest.raises(openai.APIStatusError) as large:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x" * 2_000_000}])
    assert large.value.status_code == 413
    assert large.value.code == "body_too_large"


def test_a_stream_that_dies_raises_with_what_came_before(client: OpenAI) -> None:
    words = stream(client, "cut_stream")
    assert [next(words).choices[0].delta.content for _ in range(3)] == ["", "one ", "two "]
    with pytest.raises(openai.APIError, match="went away") as raised:
        next(words)
    assert raised.value.code == "upstream_lost"


def test_an_answer_that_dies_half_way_is_a_server_error(client: OpenAI) -> None:
    """It is held back until it is whole, so that its status can still say what happened."""
    with pytest.raises(openai.InternalServerError) as raised:
        say(client, "cut")
    assert raised.value.code == "upstream_lost"


def test_an_answer_too_long_to_hold_back_that_dies_is_a_connection_error(client: OpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        say(client, "cut_large")


def test_leaving_a_stream_reaches_the_engine(client: OpenAI, engine: ScriptedEngine) -> None:
    words = stream(client, "hang")
    next(words)
    seen = engine.seen.get(timeout=1)
    words.close()
    assert seen.dropped.wait(DROPPED_S)


def test_a_time_out_of_the_client_reaches_the_engine(scripted: str, engine: ScriptedEngine) -> None:
    with client_of(scripted, timeout=0.2) as client, pytest.raises(openai.APITimeoutError):
        say(client, "silence")
    assert engine.seen.get(timeout=1).dropped.wait(DROPPED_S)


def test_a_cancelled_task_reaches_the_engine(scripted: str, engine: ScriptedEngine) -> None:
    async def scene() -> None:
        async with AsyncOpenAI(base_url=f"http://{scripted}/v1", api_key="k", max_retries=0) as client:
            asking = asyncio.create_task(
                client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "say=silence"}]
                )
            )
            seen = await asyncio.to_thread(engine.seen.get, timeout=5)
            asking.cancel()
            assert await asyncio.to_thread(seen.dropped.wait, DROPPED_S)

    asyncio.run(scene())
    until(scripted, lambda state: state["in_progress"] == 0)


def test_the_client_tries_again_when_the_engine_says_when(scripted: str, engine: ScriptedEngine) -> None:
    replies = [error(429, retry_after_ms="20"), error(409, retry_after_ms="20"), REPLIES["text"]]
    engine.script = lambda seen: replies.pop(0)
    with client_of(scripted, max_retries=2) as client:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "again"}])
    assert answer.choices[0].message.content == "one two three"
    assert replies == []


def test_the_client_does_not_try_again_when_told_not_to(scripted: str, engine: ScriptedEngine) -> None:
    engine.script = lambda seen: error(429, x_should_retry="false")
    with client_of(scripted, max_retries=2) as client, pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "again"}])
    assert engine.seen.qsize() == 1


def test_a_request_that_its_engine_died_with_is_not_asked_again(
    scripted: str, engine: ScriptedEngine
) -> None:
    """The balancer has spent its own tries, and says so; three clients' tries would be nine."""

    def die(seen: Seen) -> Reply:
        raise ConnectionAbortedError

    engine.script = die
    with client_of(scripted, max_retries=2) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "die"}])
    assert raised.value.status_code == 502
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert engine.seen.qsize() <= 2, "once, and once more if the connection was a pooled one"


def test_embeddings(client: OpenAI, engine: ScriptedEngine) -> None:
    data = {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}
    body = {"object": "list", "data": [data], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    engine.script = lambda seen: Reply(body=orjson.dumps(body))
    answer = client.embeddings.create(model="m", input="x", encoding_format="float")
    assert answer.data[0].embedding == [0.5, -1.0]
    assert engine.seen.get(timeout=1).path == "/v1/embeddings"


def test_the_responses_api_passes_through(client: OpenAI, engine: ScriptedEngine) -> None:
    created = {"type": "response.created", "sequence_number": 0, "response": {"id": "r"}}
    delta = {"type": "response.output_text.delta", "sequence_number": 1, "delta": "hi", "item_id": "i"}
    events = [
        b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), orjson.dumps(event))
        for event in (created, delta)
    ]
    engine.script = lambda seen: Reply(pieces=events)
    got = [event.type for event in client.responses.create(model="m", input="hello", stream=True)]
    assert got == ["response.created", "response.output_text.delta"]
    assert engine.seen.get(timeout=1).json()["input"] == "hello"


def test_a_file_goes_through_as_it_is(client: OpenAI, engine: ScriptedEngine) -> None:
    engine.script = lambda seen: Reply(body=b'{"text":"heard"}')
    sound = bytes(range(256)) * 40
    answer = client.audio.transcriptions.create(model="m", file=("a.wav", sound))
    assert answer.text == "heard"
    seen = engine.seen.get(timeout=1)
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert sound in seen.body
