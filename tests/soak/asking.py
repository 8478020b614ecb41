"""What a test asks, and the answer that it must get: known beforehand, different for every request.

The prompt carries a nonce, and the answer of every engine here (`nightshift engine` and the faulty one) is
a hash of the prompt. So a client can tell a whole answer from a truncated one, and its own from anybody
else's, whatever balancer, replica or retry it came through.
"""

import re
from dataclasses import dataclass

import orjson

from nightshift.balancing.prompt import CHAT_PATH
from nightshift.engine.chat import render_chat
from nightshift.engine.request import EngineRequest, make_request

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
_MARKS = re.compile(r"nonce=(?P<nonce>\S+)(?: fault=(?P<fault>\S+))?")


@dataclass(frozen=True, slots=True)
class Question:
    """One chat request. `fault` names what a faulty engine does with it, `words` is what else it says."""

    nonce: str
    tokens: int = 8
    stream: bool = False
    fault: str = ""
    words: str = ""

    @property
    def content(self) -> str:
        """The text of the one message."""
        fault = f" fault={self.fault}" if self.fault else ""
        return f"{self.words} nonce={self.nonce}{fault}".strip()

    def body(self) -> bytes:
        """The request's body."""
        return orjson.dumps(
            {
                "model": MODEL,
                "messages": [{"role": "user", "content": self.content}],
                "max_tokens": self.tokens,
                "ignore_eos": True,
                "stream": self.stream,
            }
        )

    def wire(self, host: str = "x", more: str = "") -> bytes:
        """The whole request as bytes."""
        body = self.body()
        head = (
            f"POST {CHAT_PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    @property
    def answer(self) -> str:
        """The text that a whole answer has."""
        return answer_to(self.body()).answer.decode()


def answer_to(body: bytes) -> EngineRequest:
    """Return what an engine makes of a chat request."""
    asked = orjson.loads(body)
    prompt = render_chat((m["role"], m["content"]) for m in asked["messages"])
    return make_request("1", prompt, max_tokens=asked.get("max_tokens", 8), ignore_eos=True)


def marks_in(body: bytes) -> tuple[str, str]:
    """Return the nonce and the fault that a request names, each empty if it names none."""
    found = _MARKS.search(orjson.loads(body)["messages"][-1]["content"])
    return (found["nonce"], found["fault"] or "") if found else ("", "")
