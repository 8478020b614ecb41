"""Conversations of real data: Chatbot Arena, LMSYS-Chat-1M, WildChat, ShareGPT, or a file in their form.

Each row is one conversation. Names of fields are those of the data sets: messages in `conversation_a`
(Arena), `conversation` or `conversations`, each with `role` and `content` or (ShareGPT) `from` and `value`;
its user in `judge`, `hashed_ip` or `user`, else each conversation is a user of its own; its time in `tstamp`
or `timestamp`, seconds, milliseconds or ISO 8601; `country`. A user's message counts as a turn when the next
message is the assistant's, whose length (4 bytes are a token, as for emulated engines) is how long the answer
shall be.
Rows that are not like this are skipped and counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

from nightshift.bench.workloads.conversations import BYTES_PER_TOKEN, Conversation, Turn
from nightshift.bench.workloads.hugging_face import hub_rows
from nightshift.bench.workloads.rows import Broken, Row, read_rows
from nightshift.errors import UserError

_MESSAGES = ("conversation_a", "conversation", "conversations", "messages")
_USERS = ("judge", "hashed_ip", "user")
_TIMES = ("tstamp", "timestamp")
_LAST_SECOND = 1e11
"""A larger number is in milliseconds, as pandas writes times into JSON: in seconds it were the year 5138."""
_SPEAKERS = {"human": "user", "gpt": "assistant"}


class _UnfitError(Exception):
    """Why a row is no conversation."""


@dataclass(slots=True)
class RealChats:
    """What was read. `rows` counts all of them, `broken` says where and why some were skipped."""

    source: str
    rows: int = 0
    conversations: list[Conversation] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What `Workload.data` says: source, number of conversations, and what was skipped."""
        told = f"real: {self.source}, {len(self.conversations):,} of {self.rows:,} rows"
        if not self.broken:
            return told
        first = self.broken[0]
        return f"{told}; {len(self.broken):,} broken rows skipped, the first at {first.where}: {first.why}"


def read_chats(
    source: str, *, hub_name: str, start: int = 0, number: int | None = None, needs_time: bool = False
) -> RealChats:
    """Read rows `start` to `start + number` of a file, or of the hub (`hf`, `hf:OWNER/NAME`).

    `hub_name` is the data set that `hf` alone means. Only conversations of more than one turn are kept.
    Raises `UserError` if there is nothing to read, or every row is broken.
    """
    rows, name = _rows(source, hub_name, start, number)
    found = RealChats(name)
    for where, row in rows:
        found.rows += 1
        if isinstance(row, Broken):
            found.broken.append(row)
            continue
        try:
            one = _conversation(row, where, needs_time=needs_time)
        except _UnfitError as error:
            found.broken.append(Broken(where, str(error)))
            continue
        if len(one.turns) > 1:
            found.conversations.append(one)
    _refuse_nothing(found, start)
    return found


def _rows(
    source: str, hub_name: str, start: int, number: int | None
) -> tuple[Iterator[tuple[str, Row | Broken]], str]:
    if source == "hf" or source.startswith("hf:"):
        name = source.partition(":")[2] or hub_name
        return hub_rows(name, start=start, number=number), f"Hugging Face {name}"
    stop = None if number is None else start + number
    return islice(read_rows(Path(source)), start, stop), f"file {source}"


def _refuse_nothing(found: RealChats, start: int) -> None:
    if not found.rows and not start:
        raise UserError(f"{found.source} is empty; give a file of conversations")
    if not found.rows:
        raise UserError(f"{found.source} has no rows after the first {start:,}; lower --start-index")
    if len(found.broken) == found.rows:
        first = found.broken[0]
        raise UserError(
            f"{found.source}: all {found.rows:,} rows are broken; the first at {first.where}: {first.why}. "
            "docs/reference/workloads.md says which fields a row needs"
        )
    if not found.conversations:
        raise UserError(f"{found.source}: none of {found.rows:,} conversations has more than one turn")


def _conversation(row: Row, where: str, *, needs_time: bool) -> Conversation:
    messages = next((row[name] for name in _MESSAGES if row.get(name) is not None), None)
    if messages is None:
        raise _UnfitError(f"no field {', '.join(_MESSAGES)}")
    at_s = _time(row)
    if needs_time and at_s is None:
        raise _UnfitError(f"no time stamp in {' or '.join(_TIMES)}")
    id_ = where.replace(" ", "")
    user = next((str(row[name]) for name in _USERS if row.get(name)), id_)
    country = row.get("country")
    return Conversation(id_, user, _turns(messages), at_s, str(country) if country else None)


def _turns(messages: object) -> tuple[Turn, ...]:
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        raise _UnfitError("its conversation is no list of messages")
    said = [_message(message) for message in messages]
    turns = tuple(
        Turn(question, max(1, len(answer.encode()) // BYTES_PER_TOKEN))
        for (role, question), (next_role, answer) in pairwise(said)
        if role == "user" and next_role == "assistant" and question
    )
    if not turns:
        raise _UnfitError("no message of a user that is answered")
    return turns


def _message(message: object) -> tuple[str, str]:
    if not isinstance(message, dict):
        raise _UnfitError("a message is no object")
    role = message.get("role", message.get("from"))
    content = message.get("content", message.get("value"))
    if not isinstance(role, str) or not isinstance(content, str):
        raise _UnfitError("a message has no role or content")
    return _SPEAKERS.get(role, role), content


def _time(row: Row) -> float | None:
    value = next((row[name] for name in _TIMES if row.get(name) is not None), None)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) / 1000 if value > _LAST_SECOND else float(value)
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _UnfitError(f"not a time: {str(value)[:40]!r}") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
