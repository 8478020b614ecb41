"""LangChain's ChatOpenAI against a balancer; run by its own interpreter. See `openai_node.mjs`."""

import json
import sys
from typing import Any

from langchain_openai import ChatOpenAI  # type: ignore[import-not-found]
from pydantic import BaseModel

emulated, scripted, content, model = sys.argv[1:5]


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    degrees: int


def chat(base: str, name: str = "m", **more: Any) -> ChatOpenAI:
    return ChatOpenAI(base_url=base, api_key="k", model=name, max_retries=0, timeout=10, **more)


def raised(call: Any) -> list[Any]:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which class it is, is the question
        return [type(error).__name__, getattr(error, "status_code", None), getattr(error, "code", None)]
    return ["nothing", None, None]


one = chat(scripted)
exact = chat(emulated, model, max_completion_tokens=8, extra_body={"ignore_eos": True})
weather = one.with_structured_output(Weather, method="json_mode").invoke("say=json")
assert isinstance(weather, Weather)
found: dict[str, Any] = {
    "whole": exact.invoke(content).content,
    "stream": "".join(str(chunk.content) for chunk in exact.stream(content)),
    "tools": json.dumps(
        one.bind_tools([Weather]).invoke("say=tools").tool_calls[0]["args"], ensure_ascii=False
    ),
    "json": weather.model_dump(),
    "cut": raised(lambda: list(one.stream("say=cut_stream"))),
    "timeout": raised(lambda: chat(scripted, request_timeout=0.2).invoke("say=silence"))[0],
}
for status in (400, 401, 404, 413, 429, 503):
    found[f"error_{status}"] = raised(lambda status=status: one.invoke(f"say=error_{status}"))
stream = one.stream("say=hang")
next(stream)
stream.close()
found["left"] = "left"
sys.stdout.write(json.dumps(found) + "\n")
