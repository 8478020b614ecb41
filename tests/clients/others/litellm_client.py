"""litellm against a balancer; run by its own interpreter. Arguments and output: see `openai_node.mjs`."""

import asyncio
import json
import sys
from typing import Any

import litellm  # type: ignore[import-not-found]

emulated, scripted, content, model = sys.argv[1:5]
litellm.suppress_debug_info = True


def ask(base: str, text: str, name: str = "m", **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    options = {"api_base": base, "api_key": "k", "max_retries": 0, "timeout": 10, **more}
    return litellm.completion(model=f"openai/{name}", messages=messages, **options)


def joined(stream: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def raised(call: Any) -> list[Any]:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which class it is, is the question
        return [type(error).__name__, getattr(error, "status_code", None), getattr(error, "code", None)]
    return ["nothing", None, None]


async def leave() -> str:
    messages = [{"role": "user", "content": "say=hang"}]
    stream = await litellm.acompletion(
        model="openai/m", messages=messages, api_base=scripted, api_key="k", stream=True
    )
    async for _ in stream:
        break
    await stream.aclose()
    return "left"


exact = {"max_tokens": 8, "extra_body": {"ignore_eos": True}}
found: dict[str, Any] = {
    "whole": ask(emulated, content, model, **exact).choices[0].message.content,
    "stream": joined(ask(emulated, content, model, stream=True, **exact)),
    "tools": ask(scripted, "say=tools").choices[0].message.tool_calls[0].function.arguments,
    "json": json.loads(
        ask(scripted, "say=json", response_format={"type": "json_object"}).choices[0].message.content
    ),
    "cut": raised(lambda: joined(ask(scripted, "say=cut_stream", stream=True))),
    "timeout": raised(lambda: ask(scripted, "say=silence", timeout=0.2))[0],
}
for status in (400, 401, 404, 413, 429, 503):
    found[f"error_{status}"] = raised(lambda status=status: ask(scripted, f"say=error_{status}"))
found["left"] = asyncio.run(leave())
sys.stdout.write(json.dumps(found) + "\n")
