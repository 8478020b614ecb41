"""One response on its way to the client: held back until it says something, then passed on as it comes.

Nothing is sent before the first content (`first_content`): small answers are held until they are whole,
streams until their first content, and errors of the target until it is settled whether another target may
answer instead. From the first byte on, a failure can only be shown. Held bytes are bounded, and so is the
time (`Limits.hold_bytes`, `hold_s`).
"""

from typing import Final, Protocol

from nightshift.proxy.access.gate import Entry
from nightshift.proxy.answer import Answer
from nightshift.proxy.errors import ApiError
from nightshift.proxy.first_content import Said, StreamStart
from nightshift.proxy.response_head import EVENT_STREAM, ResponseHead
from nightshift.proxy.seen.outcome import Outcome

_LAST_EVENT: Final = b"data: [DONE]"
# To read a member through its class costs ten times as much.
_NOTHING: Final = Said.NOTHING
_CONTENT: Final = Said.CONTENT


class Owner(Protocol):
    """Whose response it is; each of these but the first two ends the relay."""

    def may_be_replaced(self, head: ResponseHead) -> bool:
        """Tell whether a response that begins so is a failure that another target might not have."""

    def begins(self, head: ResponseHead) -> bytes:
        """The client gets this response: return the header lines for it."""

    def whole(self) -> None:
        """The answer has been sent to its end."""

    def wants_another(self) -> None:
        """The response is a failure. Another target may answer; else see `Relay.pass_on`."""

    def lost(self, reason: str) -> None:
        """There will be no response, and the client has seen nothing."""

    def broken(self, reason: str) -> None:
        """There will be no more of the response, of which the client has seen a part."""

    def unreachable(self, reason: str, *, ours: bool) -> None:
        """The target could not be reached; `ours`: for want of something here."""


class Relay:
    """See the head of the file. It is the recipient of one delivery (`delivery.Recipient`)."""

    __slots__ = (
        "_answer",
        "_entry",
        "_head",
        "_hold_bytes",
        "_last",
        "_most",
        "_outcome",
        "_owner",
        "_start",
        "events",
        "held",
        "progress",
        "replaceable",
    )

    def __init__(
        self, owner: Owner, answer: Answer, hold_bytes: int, outcome: Outcome, entry: Entry | None
    ) -> None:
        """`outcome` and `entry`, if its key has limits, are told of what passes."""
        self._owner = owner
        self._answer = answer
        self._most = hold_bytes
        self._outcome = outcome
        self._entry = entry if entry is not None and entry.meters else None
        self._head: ResponseHead | None = None
        self._start: StreamStart | None = None
        self._hold_bytes = 0
        self._last = b""
        """The last block of the body; some have their framing around them."""
        self.held: bytes | None = b""
        """What came of the body and was not sent; None once the answer has begun."""
        self.events = False
        """Whether it is a stream of server-sent events that an error event fits into."""
        self.replaceable = False
        """Whether it began as a failure that another target might not have."""
        self.progress = False
        """Whether a block came; whoever watches the time sets it back."""

    # What the delivery tells; see `delivery.Recipient`

    def response_head(self, head: ResponseHead) -> None:
        """The response begins."""
        self._head = head
        fields, most = head.fields, self._most
        is_stream = fields.get(b"content-type", b"").startswith(EVENT_STREAM)
        self.events = is_stream and fields.get(b"content-encoding", b"identity") == b"identity"
        self.replaceable = self._owner.may_be_replaced(head)
        if self.replaceable:
            self._hold_bytes = most
        elif self.events:
            self._start = StreamStart()
            self._hold_bytes = most
        elif not is_stream and head.length is not None and int(head.length) <= most:
            self._hold_bytes = most

    def response_body(self, data: bytes) -> None:
        """Relay a block, or hold it."""
        if self.held is None:
            self._last = data
            self.progress = True
            self._outcome.response_bytes += len(data)
            if self._entry is not None:
                self._entry.block(data)
            self._answer.body(data)
        else:
            self._hold(data)

    def response_chunk(self, block: bytes, start: int) -> None:
        """Relay a block that is one whole chunk."""
        if self.held is None and self._entry is None and self._answer.chunk(block):
            self._last = block
            self.progress = True
            self._outcome.response_bytes += len(block) - start - 2
        else:
            self.response_body(block[start:-2])

    def response_complete(self) -> None:
        """The response is whole."""
        if self.replaceable:
            self._owner.wants_another()
        else:
            self.pass_on()

    def response_whole(self, head: ResponseHead, data: bytes) -> None:
        """The response is here, all of it at once: there is nothing to hold, and nothing to wait for."""
        self.held = None
        lines = self._owner.begins(head)
        self._outcome.response_bytes += len(data)
        if self._entry is not None:
            self._entry.block(data)
        self._answer.at_once(head.status, head.reason, lines, head.length, data)
        self._owner.whole()

    def response_lost(self, reason: str) -> None:
        """The target failed."""
        if self.held is not None:
            self._owner.lost(reason)
        else:
            self._owner.broken(reason)

    def undelivered(self, reason: str, *, ours: bool = False) -> None:
        """The target could not be reached."""
        self._owner.unreachable(reason, ours=ours)

    # Holding and sending

    def _hold(self, data: bytes) -> None:
        held = self.held = (self.held or b"") + data
        said = _NOTHING if self._start is None else self._start.feed(data)
        too_much = len(held) > self._hold_bytes
        if said is _CONTENT or (said is _NOTHING and too_much and not self.replaceable):
            self.begin()
        elif said is not _NOTHING:  # an error ahead of all content; what follows it is nothing
            self._owner.wants_another()
        elif too_much:
            self._owner.lost(f"an error of more than {self._hold_bytes} bytes")

    def begin(self) -> None:
        """Send what is there: from here on nothing can be taken back."""
        head, held = self._head, self.held
        assert head is not None, "an answer begins with the head of a response"  # noqa: S101 - for the type
        self.held = self._start = None
        lines = self._owner.begins(head)
        self._answer.head(head.status, head.reason, lines, None if self.events else head.length)
        if held:
            self.response_body(held)

    def pass_on(self) -> None:
        """Send the whole response, of which no more will come."""
        if self.held is not None:
            self.begin()
        self._answer.end()
        self._owner.whole()

    def show(self, error: ApiError) -> None:
        """Tell a client that reads events why there will be no more."""
        if self.events:
            # End the event that was cut off, if one was; an empty line too many is nothing.
            separator = b"" if self._last.removesuffix(b"\r\n").endswith(b"\n\n") else b"\n\n"
            self._answer.body(separator + b"data: " + error.body() + b"\n\n")

    @property
    def said_all(self) -> bool:
        """Whether the last event was the one that official clients read no further than."""
        return self.events and self._last.rstrip().endswith(_LAST_EVENT)
