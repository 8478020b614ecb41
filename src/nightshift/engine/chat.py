"""The chat template: a conversation as one text.

ChatML's shape: a mark, the role, a line break, the content, a mark, a line break. To a real tokenizer each of
the five around the content is one token (SmolLM2 and Qwen have the marks as special tokens), so here each is
4 bytes, one token of `tokens.py`. It ends with the header of the answer, so that prompt + answer + the next
turn's rest is the next turn's prompt, byte for byte: what an engine needs to find the conversation in its
cache.
"""

from collections.abc import Iterable

from nightshift.engine.tokens import BYTES_PER_TOKEN

_BEGIN, _END, _BREAK = "<|b>", "<|e>", "   \n"
_ROLES = {"system": "syst", "developer": "deve", "user": "user", "assistant": "assi", "tool": "tool"}


def _header(role: str) -> str:
    """A role that templates do not know keeps its name, with spaces to whole tokens: at least one, as the
    known ones have none."""
    spaces = BYTES_PER_TOKEN - len(role.encode("utf-8", "replace")) % BYTES_PER_TOKEN
    name = _ROLES.get(role) or role + " " * spaces
    return f"{_BEGIN}{name}{_BREAK}"


def render_chat(messages: Iterable[tuple[str, str]]) -> bytes:
    """Return the prompt for (role, content) pairs, as UTF-8.

    A lone surrogate, which JSON can carry and UTF-8 cannot, becomes a question mark.
    """
    turns = "".join(f"{_header(role)}{content}{_END}{_BREAK}" for role, content in messages)
    return (turns + _header("assistant")).encode("utf-8", "replace")
