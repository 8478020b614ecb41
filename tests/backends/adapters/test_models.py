"""The lists of models that engines give, and what a request may say."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.backends.adapters import read_models


def card(name: object, owner: str, **more: object) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 1795461487, "owned_by": owner, **more}


def listed(*cards: object) -> bytes:
    return orjson.dumps({"object": "list", "data": cards})


def test_vllm_and_its_adapters() -> None:
    base = card("meta-llama/Llama-3.1-8B", "vllm", root="/models/llama", parent=None, max_model_len=8192)
    lora = card("sql-lora", "vllm", root="/adapters/sql", parent="meta-llama/Llama-3.1-8B")
    assert read_models(listed(base, lora)) == frozenset({"meta-llama/Llama-3.1-8B", "sql-lora"})


def test_sglang_calls_an_adapter_by_both_names() -> None:
    base = card("qwen", "sglang", root="qwen", max_model_len=32768)
    lora = card("sql", "sglang", root="/adapters/sql", parent="qwen")
    assert read_models(listed(base, lora)) == frozenset({"qwen", "sql", "qwen:sql"})


def test_tgi_takes_any_name() -> None:
    assert read_models(listed({**card("org/m", "org/m"), "created": 0})) is None


def test_a_model_of_the_year_1970_is_not_tgi() -> None:
    assert read_models(listed({**card("org/m", "vllm"), "created": 0})) == frozenset({"org/m"})


def test_llama_cpp_with_one_model_takes_any_name() -> None:
    one = card("tiny", "llamacpp", aliases=["tiny"], meta={"n_ctx_train": 8192})
    assert read_models(orjson.dumps({"models": [{"name": "tiny"}], "object": "list", "data": [one]})) is None


def test_llama_cpp_as_a_router_serves_what_it_lists() -> None:
    loaded = card("a.gguf", "llamacpp", status={"value": "loaded"}, aliases=["a", 3, ""])
    waiting = card("b.gguf", "llamacpp", status={"value": "unloaded"}, aliases=None)
    assert read_models(listed(loaded, waiting)) == frozenset({"a.gguf", "a", "b.gguf"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"data": null}',
        b'{"data": {}}',
        b'{"data": []}',
        b'{"data": [null, 1, "x", {}, {"id": 3}, {"id": ""}]}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_what_says_nothing_is_not_known(body: bytes) -> None:
    assert read_models(body) is None


def test_a_broken_card_does_not_hide_the_good() -> None:
    assert read_models(listed(None, {"id": 3}, card("m", "vllm", parent=5, aliases={"a": 1}))) == frozenset(
        {"m"}
    )


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "data", "owned_by", "aliases", "parent", "status"]), inner)
    ),
)


@given(json)
def test_any_json_is_names_or_nothing(answer: object) -> None:
    models = read_models(orjson.dumps(answer))
    assert models is None or all(isinstance(name, str) and name for name in models)
