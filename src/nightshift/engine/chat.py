"""The chat template: a conversation as one text.

ChatML's shape (`<|im_start|>role`, content, `<|im_end|>`), about five tokens a message as in real
templates. It ends with the header of the answer, so that prompt + answer + the next turn's rest is the
next turn's prompt, byte for byte: what an engine needs to find the conversation in its cache.
"""

from collections.abc import Iterable

_END = "<|im_end|>\n"


def _header(role: str) -> str:
    return f"<|im_start|>{role}\n"


def render_chat(messages: Iterable[tuple[str, str]]) -> bytes:
    """Return the prompt for (role, content) pairs, as UTF-8.

    A lone surrogate, which JSON can carry and UTF-8 cannot, becomes a question mark.
    """
    turns = "".join(f"{_header(role)}{content}{_END}" for role, content in messages)
    return (turns + _header("assistant")).encode("utf-8", "replace")
