"""The example with the real engine, asked by the official client through the balancers."""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nightshift.control.up.runs import Run, read_run

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

pytestmark = [pytest.mark.real_engine, pytest.mark.timeout(400)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "local-llamacpp.yaml"
STORY = "Once upon a time there was a lighthouse keeper who counted ships. " * 8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        file = tmp_path_factory.mktemp("service") / "service.yaml"
        # On any free ports, and without the latency: what is tested here is the engine.
        text = EXAMPLE.read_text().replace(", port: 8111", "").replace(", port: 8112", "")
        file.write_text(text.partition("\nwan:")[0] + "\nwan: none\n")
        nightshift = [sys.executable, "-m", "nightshift"]
        subprocess.run([*nightshift, "up", str(file), "--detach"], check=True, stdout=subprocess.DEVNULL)
        state = read_run("local-llamacpp")
        assert state is not None
        yield state
        subprocess.run([*nightshift, "down", "--all"], check=True, stdout=subprocess.DEVNULL)


async def streamed(client: Any, turns: "list[ChatCompletionMessageParam]") -> tuple[str, Any]:
    text, usage = "", None
    stream = await client.chat.completions.create(
        model="SmolLM2-135M-Instruct",
        messages=turns,
        max_tokens=8,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
        usage = chunk.usage or usage
    return text, usage


@pytest.mark.parametrize("region", ["us-east-2", "ap-northeast-1"])
def test_second_turn_of_a_streamed_chat_is_cached(run: Run, region: str) -> None:
    from openai import AsyncOpenAI

    async def chat() -> Any:
        async with AsyncOpenAI(base_url=f"{run.endpoints[region]}/v1", api_key="none", timeout=300) as client:
            turns: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"{region}: {STORY}"}]
            first, _ = await streamed(client, turns)
            turns += [{"role": "assistant", "content": first}, {"role": "user", "content": "And then?"}]
            return await streamed(client, turns)

    _, usage = asyncio.run(chat())
    assert usage.prompt_tokens_details.cached_tokens >= 100


_IMPATIENT = """
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key="none", timeout=300)
stream = client.chat.completions.create(
    model="SmolLM2-135M-Instruct", messages=[{"role": "user", "content": "Count."}], max_tokens=1500,
    stream=True, extra_body={"ignore_eos": True},
)
for chunk in stream:
    print("chunk", flush=True)
"""


def test_killing_the_client_frees_its_slot(run: Run) -> None:
    (replica,) = [place for place in run.replicas if place.region == "us-east-2"]

    def busy() -> int:
        with urllib.request.urlopen(f"http://{replica.address}/slots", timeout=120) as response:
            return sum(slot["is_processing"] for slot in json.load(response))

    command = [sys.executable, "-c", _IMPATIENT, f"{run.endpoints['us-east-2']}/v1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"chunk\n"
        assert busy() == 1
        client.kill()
    while busy():
        pass  # until the time limit of the test
    with urllib.request.urlopen(f"http://{replica.address}/metrics", timeout=120) as response:
        lines = response.read().decode().splitlines()
    (line,) = [line for line in lines if line.startswith("llamacpp:tokens_predicted_total ")]
    assert float(line.split()[1]) < 1500, "the engine went on to the end for nobody"
