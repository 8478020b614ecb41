"""The prompt key: what shares a cache shares a prefix, and what does not, does not."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.messages import PromptKey
from nightshift.balancing.prompt import CHAT_PATH, COMPLETIONS_PATH, PromptError, prompt_key, rendered


def chat(*messages: dict[str, Any], **fields: Any) -> bytes:
    return rendered(CHAT_PATH, {"model": "m", "messages": list(messages), **fields})


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def shared(a: bytes, b: bytes) -> int:
    differing = (at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(differing, min(len(a), len(b)))


def outcome(path: str, body: object) -> PromptKey | PromptError:
    try:
        return prompt_key(path, body)
    except PromptError as error:
        return error


def test_roles_and_contents_in_order_and_nothing_else() -> None:
    text = chat(
        {"role": "system", "content": "Be kind."}, user("Grüße"), {"role": "assistant", "content": "Hi"}
    )
    assert text == "\x01Be kind.\x02Grüße\x03Hi".encode()


def test_requests_with_nothing_in_common_share_nothing() -> None:
    assert shared(chat(user("abc")), chat(user("xyz"))) == 1, "the byte of the role"
    assert shared(chat(user("abc")), chat({"role": "system", "content": "abc"})) == 0


def test_the_same_words_of_another_speaker_differ() -> None:
    texts = {
        chat({"role": role, "content": "x"}) for role in ("system", "user", "assistant", "tool", "ipython")
    }
    assert len(texts) == 5


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=2))
def test_a_conversation_begins_with_its_earlier_turns(turns: list[tuple[str, str]]) -> None:
    messages = [{"role": role, "content": content} for role, content in turns]
    assert chat(*messages).startswith(chat(*messages[:-1]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_json_gives_a_key_or_the_typed_error(value: object) -> None:
    bodies = [
        value,
        {"messages": value},
        {"messages": [value]},
        {"messages": [user(value)]},
        {"prompt": value},
    ]
    bodies += [{"messages": [user("x")], "tools": value}, {"messages": [{**user("x"), "tool_calls": value}]}]
    for body in bodies:
        for path in (CHAT_PATH, COMPLETIONS_PATH, "/v1/embeddings"):
            result = outcome(path, body)
            assert isinstance(result, PromptKey) or len(str(result)) < 200


def test_models_and_adapters_are_apart() -> None:
    keys = {
        prompt_key(CHAT_PATH, {"messages": [user("x")], **fields}).namespace
        for fields in ({"model": "a"}, {"model": "b"}, {}, {"model": "a", "lora_path": "l"})
    }
    assert len(keys) == 4


def test_a_cache_salt_keeps_apart() -> None:
    a, b = (chat(user("the same"), cache_salt=salt) for salt in ("ab", "xy"))
    assert shared(a, b) == 1
    assert chat(user("the same"), cache_salt="ab") == a


def test_tools_come_first() -> None:
    function = {"name": "weather", "description": "Tells it.", "parameters": {"type": "object"}}
    text = chat(user("x"), tools=[{"type": "function", "function": function}])
    assert text == b'\x06weatherTells it.{"type":"object"}\x02x'
    assert shared(text, chat(user("y"), tools=[{"type": "function", "function": function}])) == len(text) - 1


def test_parts() -> None:
    assert chat(user([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])) == chat(user("ab"))
    image = {"type": "image_url", "image_url": {"url": "http://h/p.png"}}
    assert chat(user([image])) == b"\x02\x0fhttp://h/p.png"
    inline = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 10_000}{end}"}}
        for end in "ab"
    ]
    sound = {"type": "input_audio", "input_audio": {"data": "A" * 10_000, "format": "wav"}}
    texts = [chat(user([part])) for part in (*inline, sound)]
    assert len(set(texts)) == 3
    assert all(len(text) < 50 for text in texts)


def test_calls_and_missing_content() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert chat({"role": "assistant", "content": None, "tool_calls": [call]}) == b'\x03\x0ef{"a":1}'
    assert chat({"role": "assistant"}) == b"\x03"


def test_completions() -> None:
    def text(prompt: Any) -> bytes:
        return rendered(COMPLETIONS_PATH, {"model": "m", "prompt": prompt})

    assert text("Grüße") == "Grüße".encode()
    assert text(["a", "b"]) == b"a\x11b"
    assert text([1, 2**31]) == b"\x01\0\0\0\0\0\0\x80"
    assert text([1, 2, 3]).startswith(text([1, 2]))
    assert text([[1], [2]]) == b"\x01\0\0\0\x11\x02\0\0\0"
    assert rendered(COMPLETIONS_PATH, {"prompt_embeds": "..."}) == b""


def test_other_paths_have_no_text() -> None:
    key = prompt_key("/v1/embeddings", {"model": "m", "input": "x"})
    assert key == PromptKey("m", blocks=b"", length_bytes=0)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (CHAT_PATH, [], "the request body must be a JSON object, not an empty array"),
        (CHAT_PATH, {}, "messages must be a non-empty array of messages, not null"),
        (CHAT_PATH, {"messages": []}, "messages must be a non-empty array of messages, not an empty array"),
        (CHAT_PATH, {"messages": "x"}, "messages must be a non-empty array of messages, not a string"),
        (CHAT_PATH, {"messages": [1]}, "messages[0] must be an object, not a number (1)"),
        (CHAT_PATH, {"messages": [{}]}, "messages[0].role must be a string, not null"),
        (
            CHAT_PATH,
            {"messages": [user("a"), user(True)]},
            "messages[1].content must be a string, an array of parts or null, not a boolean",
        ),
        (CHAT_PATH, {"messages": [user(["a"])]}, "messages[0].content[0] must be an object, not a string"),
        (
            CHAT_PATH,
            {"messages": [user([{"type": "text"}])]},
            "messages[0].content[0].text must be a string, not null",
        ),
        (CHAT_PATH, {"messages": [user("a")], "tools": {}}, "tools must be an array, not an object"),
        (
            CHAT_PATH,
            {"messages": [user("a")], "tools": [1]},
            "tools[0] must be an object with a `function`, not a number (1)",
        ),
        (CHAT_PATH, {"messages": [user("a")], "model": 1}, "model must be a string, not a number (1)"),
        (
            COMPLETIONS_PATH,
            {},
            "prompt must be a string, or a non-empty array of strings or of token ids, not null",
        ),
        (
            COMPLETIONS_PATH,
            {"prompt": [1, -1]},
            "prompt must be an array of token ids (whole numbers from 0), not a number (-1)",
        ),
        (
            COMPLETIONS_PATH,
            {"prompt": ["a", 1]},
            "prompt[1] must be a string or an array of token ids, not a number (1)",
        ),
    ],
)
def test_what_cannot_be_rendered_is_said(path: str, body: object, message: str) -> None:
    with pytest.raises(PromptError) as raised:
        prompt_key(path, body)
    assert str(raised.value) == message
    assert message.startswith(raised.value.param or "the request body")


def test_it_reads_what_the_json_library_gives() -> None:
    body = orjson.loads(b'{"model":"m","messages":[{"role":"user","content":"\\u00e4"}]}')
    assert rendered(CHAT_PATH, body) == "\x02ä".encode()


def test_a_key_has_digests_and_no_text() -> None:
    body = {"model": "m", "messages": [user("my secret is out")]}
    key = prompt_key(CHAT_PATH, body)
    assert (len(key.blocks), key.length_bytes) == (4, 17)
    assert key.blocks not in (prompt_key(CHAT_PATH, body, seed=1).blocks, b"secr")
    assert repr(key) == "PromptKey(namespace='m', length_bytes=17)"
