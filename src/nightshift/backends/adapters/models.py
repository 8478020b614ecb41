"""Which models an engine serves: its answer to `GET /v1/models`.

The list is OpenAI's (`{"object": "list", "data": [{"id": ...}]}`); what a request may call a model differs:

| engine | listed | what a request may say |
| --- | --- | --- |
| vLLM | each `--served-model-name`, each LoRA adapter (with `parent`) | one of these, else 404 |
| SGLang | the served name; newer: adapters with `parent` | the same, and `base:adapter` for an adapter |
| TensorRT-LLM | the one model | the same |
| TGI | the one model, `owned_by` the model itself, `created` 0 | anything: `tgi` in its own documentation |
| llama.cpp | the one model, `owned_by` `llamacpp` | anything, the name is ignored (tried) |
| llama.cpp as a router | models with a `status`, loaded or not | one of these |

(The router after its documentation: the wheel that the tests run has it switched off.)

So TGI and a llama.cpp with one model take any name, and `None` is the answer for them. It also is when the
answer cannot be understood, or lists nothing: an engine that serves nothing would not be a replica, and
refusing every request for the sake of an empty list would be a poor guess.

Sources: `vllm/entrypoints/openai` (`show_available_models`), `sglang/srt/entrypoints/http_server.py`
(`available_models`), TGI `router/src/server.rs` (`openai_get_model_info`), llama.cpp
`tools/server/README.md`.
"""

from collections.abc import Iterator
from typing import Any

import orjson

MODELS_PATH = "/v1/models"


def read_models(body: bytes) -> frozenset[str] | None:
    """Return the names that a request may give; None: any name, or not known."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        return None
    cards = [card for card in data if isinstance(card, dict) and isinstance(card.get("id"), str)]
    if any(_takes_any_name(card) for card in cards):
        return None
    return frozenset(name for card in cards for name in _names(card) if name) or None


def _takes_any_name(card: dict[str, Any]) -> bool:
    if card.get("owned_by") == "llamacpp":
        return "status" not in card  # a router has one for each model
    return card.get("created") == 0 and card.get("owned_by") == card["id"]  # TGI


def _names(card: dict[str, Any]) -> Iterator[str]:
    name: str = card["id"]
    yield name
    aliases = card.get("aliases")  # llama.cpp
    yield from (alias for alias in (aliases if isinstance(aliases, list) else ()) if isinstance(alias, str))
    parent = card.get("parent")
    if card.get("owned_by") == "sglang" and isinstance(parent, str):
        yield f"{parent}:{name}"
