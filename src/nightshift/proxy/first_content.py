"""Where an answer begins to say something: the commit point.

Until then the client has seen nothing, so a target that fails can be replaced by another. The first byte is
too early for that: vLLM and SGLang open a stream as soon as they have accepted a request, with a chunk that
names the role and holds no text, long before the prompt has been read.

A stream of events is held back through its comments, the chat chunks without content and the announcements
of the Responses API. Whatever is not known to be empty counts as content, so an unknown kind of event is only
ever sent too early. An error event ahead of all content is a failed answer; the status that it names tells
whose fault it was. Nothing of this is looked at once the content has begun.
"""

from enum import Enum, auto

import orjson


class Said(Enum):
    """What the events so far amount to."""

    NOTHING = auto()
    CONTENT = auto()
    FAILURE = auto()
    """An error of the engine's own (5xx, or one without a status)."""


_EMPTY_TYPES = frozenset(("response.created", "response.in_progress", "response.queued", "ping"))


class StreamStart:
    """Reads the beginning of one stream of server-sent events; blocks may be cut anywhere."""

    __slots__ = ("_unread",)

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> Said:
        """Read on. Not to be called again after anything but `NOTHING`."""
        lines = (self._unread + data).replace(b"\r\n", b"\n").split(b"\n")
        self._unread = lines.pop()
        for line in lines:
            # An event may spread its data over several lines; one whole JSON text stands in one of them.
            if line.startswith(b"data:"):
                said = _said_by(line[5:].strip())
                if said is not Said.NOTHING:
                    return said
        return Said.NOTHING


def _said_by(data: bytes) -> Said:
    if not data:
        return Said.NOTHING
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Said.CONTENT
    if not isinstance(event, dict):
        return Said.CONTENT
    if event.get("error"):
        return Said.FAILURE if _is_the_engines_fault(event["error"]) else Said.CONTENT
    choices = event.get("choices")
    if isinstance(choices, list):
        return Said.NOTHING if not any(map(_has_content, choices)) else Said.CONTENT
    return Said.NOTHING if event.get("type") in _EMPTY_TYPES else Said.CONTENT


def _has_content(choice: object) -> bool:
    """Tell whether a choice of a chat or completion chunk holds more than the name of a role."""
    if not isinstance(choice, dict) or choice.get("finish_reason"):
        return True
    delta = choice.get("delta")
    if isinstance(delta, dict):
        return any(value for key, value in delta.items() if key != "role")
    return choice.get("text") != ""


def _is_the_engines_fault(error: object) -> bool:
    """vLLM and SGLang put the status that they would have answered with into `code`."""
    code = error.get("code") if isinstance(error, dict) else None
    return not (isinstance(code, int) and 400 <= code < 500)
