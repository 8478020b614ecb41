"""Stored responses on the wire: under which id an answer is stored, and whose it is across a hop.

Nothing is judged here: what an id means is the core's business (`balancing/stored.py`). Only answers of
`/v1/responses` are watched, from their first block until the id has been seen: in vLLM, SGLang and OpenAI's
own it is the first field of an answer, and in the first event of a stream (`response.created`). The bytes go
on as they came.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote

import orjson

from nightshift.proxy.access.gate import Entry
from nightshift.proxy.fields import INTERNAL_PREFIX
from nightshift.proxy.seen.outcome import Outcome

OWNER: Final = INTERNAL_PREFIX + b"owner"
"""Names the client's key to the peer that a request is handed to, which has not seen it."""
MOST_BYTES: Final = 262_144
"""So much of an answer is looked at for its id: its first event repeats instructions and tools."""

_BACKGROUND = re.compile(rb'"background"\s{0,8}:\s{0,8}true')
_USAGE = re.compile(rb'"usage"\s{0,8}:\s{0,8}\{')
_LONGEST: Final = 64
"""Bytes that either may have."""
_FIRST = re.compile(rb'\s*\{\s*"id"\s*:\s*"([A-Za-z0-9_-]+)"')
"""An object that begins with a plain id, as nearly every answer does."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[{}\[\]:,]', re.DOTALL)
"""A string, which may not have ended yet (then the group is empty), or a sign."""


class IdReader:
    """Finds the id of a response at the beginning of its answer; blocks may be cut anywhere."""

    __slots__ = ("_seen", "_unread", "over")

    def __init__(self) -> None:
        self._unread = b""
        self._seen = 0
        self.over = False
        """Whether there is nothing more to look for."""

    def feed(self, data: bytes) -> str | None:
        """Read on; return the id when it is there. Not to be called again once it is `over`."""
        self._seen += len(data)
        unread = self._unread = self._unread + data if self._unread else data
        is_json = unread.startswith(b"{") or unread.lstrip().startswith(b"{")
        found = top_level_id(unread) if is_json else self._in_events()
        self.over = found is not None or self._seen > MOST_BYTES
        if self.over:
            self._unread = b""
        return found

    def _in_events(self) -> str | None:
        lines = self._unread.replace(b"\r\n", b"\n").split(b"\n")
        self._unread = lines.pop()
        for line in lines:
            if line.startswith(b"data:") and (found := _id_in_event(line[5:])) is not None:
                return found
        return None


def top_level_id(text: bytes) -> str | None:
    """Return the `id` of a JSON object of which `text` is the beginning; None if it is not there (yet).

    Only the object's own: what clients wrote and engines repeat (`metadata`, say) may have an `id` too.
    """
    plain = _FIRST.match(text)
    if plain is not None:
        return plain[1].decode()
    depth, key, last = 0, b"", b""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif token[:1] == b'"' and not match[1]:
            return None
        elif depth == 1:
            if token == b":":
                key = last
            elif token == b",":
                key = b""
            elif key == b'"id"':
                return _text(token)
            else:
                last = token
    return None


def _text(token: bytes) -> str | None:
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return None


def _id_in_event(data: bytes) -> str | None:
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    response = event.get("response") if isinstance(event, dict) else None
    id_ = response.get("id") if isinstance(response, dict) else None
    return id_ if isinstance(id_, str) else None


class BackgroundWork:
    """Sees whether an answer shows a response that is made in the background, and is done.

    A raw `"usage":{` or `"background":true` is no text of a model: in a string its quotes would be escaped.
    In what the client wrote itself (a tool's schema) it may be, to its own cost.
    """

    __slots__ = ("_background", "_tail", "_usage")

    def __init__(self) -> None:
        self._tail = b""
        self._background = self._usage = False

    def block(self, data: bytes) -> None:
        """Take note of a block of the answer; blocks may be cut anywhere."""
        text = self._tail + data
        self._background = self._background or _BACKGROUND.search(text) is not None
        self._usage = self._usage or _USAGE.search(text) is not None
        self._tail = text[-_LONGEST:]

    @property
    def is_done(self) -> bool:
        """Whether the answer tells what the response came to."""
        return self._background and self._usage


class WatchedEntry(Entry):
    """The entry of a request that may store, or that names what is stored; around that of its key, if any."""

    __slots__ = (
        *("_charge", "_fetches", "_id", "_inner", "_named", "_note", "_outcome", "_reader", "_watches"),
        "_work",
    )

    def __init__(
        self,
        inner: Entry | None,
        outcome: Outcome,
        note: Callable[[str], None],
        *,
        named: str | None,
        stores: bool,
        fetches: bool,
        background: bool,
        charge: Callable[[str], bool],
    ) -> None:
        """`note` is told each response that the answer's target is seen to hold: the one that the request
        `named`, and the one that it `stores`. An answer that `fetches` nothing is new, and its usage is
        charged; one that fetches what was made in the `background` is charged if `charge` says so, which is
        asked once it is known what that came to.
        """
        self._inner = inner
        self._outcome = outcome
        self._note = note
        self._named = named
        self._reader = IdReader() if stores else None
        self._watches = True
        self._charge = charge
        self._fetches = fetches
        self._id = named if fetches else None
        metered = inner is not None and inner.meters
        self._work = BackgroundWork() if metered and (fetches or background) else None

    @property
    def meters(self) -> bool:
        """See `Entry`: it has to see the answer begin."""
        return True

    def block(self, data: bytes) -> None:
        """See `Entry`."""
        if self._watches:
            self._watch(data)
        if self._work is not None:
            self._work.block(data)
        if self._inner is not None and self._inner.meters:
            self._inner.block(data)

    def over(self, now: float, *, served: bool) -> None:
        """See `Entry`."""
        if self._inner is not None:
            self._inner.over(now, served=served and self._is_charged())

    def lines(self, now: float) -> bytes:
        """See `Entry`."""
        return b"" if self._inner is None else self._inner.lines(now)

    def _is_charged(self) -> bool:
        work, id_ = self._work, self._id
        first = work is not None and work.is_done and id_ is not None and self._charge(id_)
        return first or not self._fetches

    def _watch(self, data: bytes) -> None:
        if not 200 <= self._outcome.status < 300:
            self._watches = False
            return
        named, self._named = self._named, None
        if named is not None:
            self._note(named)
        reader = self._reader
        found = None if reader is None else reader.feed(data)
        if found is not None:
            self._id = found
            self._note(found)
        self._watches = reader is not None and not reader.over


def owner_line(key: str) -> bytes:
    """Return the header line that names a key to a peer; nothing without keys."""
    return b"%b: %b\r\n" % (OWNER, quote(key).encode()) if key else b""


def told_owner(fields: dict[bytes, bytes]) -> str | None:
    """Return whose request it is that a peer hands over; None: nobody's in particular."""
    value = fields.get(OWNER)
    return unquote(value.decode("latin-1")) if value else None
