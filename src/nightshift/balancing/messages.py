"""What goes into a balancer's decision and what comes out of it.

In: a `Request` with the `PromptKey` that placement may look at, and reports on replicas and peers.
Out: actions. An action is a value, so that a test can compare it and a log can show it; `run` hands it
to whoever does the I/O (the live proxy, or the simulator), which therefore needs no chain of type tests.

What is made for every request is a plain class with slots, though nobody changes one: a frozen dataclass sets
each field through `object.__setattr__`, and in the compiled build (setup.py) the `__init__` of any dataclass
stays interpreted. Together these were a seventh of that build's instructions.
"""

from dataclasses import dataclass
from typing import Protocol

from nightshift.balancing.blocks import digests
from nightshift.balancing.reports import PeerReport as PeerReport  # noqa: PLC0414 - told on
from nightshift.balancing.reports import ReplicaReport as ReplicaReport  # noqa: PLC0414


class PromptKey:
    """What placement knows of a prompt: digests of its blocks, and the cache that it can hit. No text.

    `namespace` keeps apart what engines cache apart: each model and each LoRA adapter. It goes into the
    digests of `blocks`. An empty prompt has none and matches nothing.
    """

    __slots__ = ("blocks", "length_bytes", "namespace")

    def __init__(self, namespace: str, blocks: bytes, length_bytes: int) -> None:
        self.namespace = namespace
        self.blocks = blocks
        self.length_bytes = length_bytes

    @staticmethod
    def of(namespace: str, text: bytes, seed: int = 0) -> "PromptKey":
        """Make the key of a prompt that was rendered to `text`; keys compare within one `seed`."""
        return PromptKey(namespace, digests(namespace, text, seed), len(text))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PromptKey)
            and self.namespace == other.namespace
            and self.blocks == other.blocks
            and self.length_bytes == other.length_bytes
        )

    def __hash__(self) -> int:
        return hash((self.namespace, self.blocks, self.length_bytes))

    def __repr__(self) -> str:
        return f"PromptKey(namespace={self.namespace!r}, length_bytes={self.length_bytes})"


class StoredResponse:
    """A stored response that a request names.

    `generates`: the request continues it, and is work for an engine; else it only reads, cancels or deletes.
    """

    __slots__ = ("generates", "id")

    def __init__(self, id: str, *, generates: bool) -> None:  # noqa: A002 - what it is called everywhere
        self.id = id
        self.generates = generates


class Request:
    """A request as placement sees it. `from_peer` names the balancer that handed it over, if one did."""

    __slots__ = ("deadline", "from_peer", "hash_key", "id", "model", "prompt", "regions", "stored", "tenant")

    def __init__(
        self,
        id: str,  # noqa: A002 - what it is called everywhere
        prompt: PromptKey,
        hash_key: str | None = None,
        from_peer: str | None = None,
        *,
        tenant: str | None = None,
        model: str = "",
        deadline: float | None = None,
        regions: frozenset[str] | None = None,
        stored: StoredResponse | None = None,
    ) -> None:
        self.id = id
        self.prompt = prompt
        self.hash_key = hash_key
        self.from_peer = from_peer
        self.tenant = tenant
        self.model = model
        """Only who serves it may get the request; empty: any target may."""
        self.deadline = deadline
        """On the balancer's clock, in seconds; from then on the request is placed nowhere."""
        self.regions = regions
        """The only regions that may serve it; None: any may."""
        self.stored = stored
        """Only who holds this may serve it."""


class Decision:
    """Why a request went where it went.

    `matched` is the share of the prompt, from 0 to 1, that the target was believed to hold in its
    cache; `queued_s` the seconds in this balancer's queue; `reason` the rule that chose.
    """

    __slots__ = ("matched", "queued_s", "reason")

    def __init__(self, reason: str, queued_s: float, matched: float = 0.0) -> None:
        self.reason = reason
        self.queued_s = queued_s
        self.matched = matched

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Decision{self._facts()}"

    def _facts(self) -> tuple[str, float, float]:
        return self.reason, self.queued_s, self.matched


class Shell(Protocol):
    """Who carries actions out."""

    def forward(self, action: "Forward") -> None:
        """Send a request to a replica of this region."""

    def hand_over(self, action: "HandOver") -> None:
        """Send a request to a peer, marked as having crossed."""

    def reject(self, action: "Reject") -> None:
        """Answer a request with an error."""

    def pass_on(self, action: "PassOn") -> None:
        """Give the client the answer that the request's target has given."""

    def ask_to_steal(self, action: "AskToSteal") -> None:
        """Ask a peer for queued requests; its answer comes back as `Balancer.steal_answered`."""


class Action(Protocol):
    """Something to be done outside."""

    def run(self, shell: Shell) -> None:
        """Have `shell` do it."""


class Forward:
    """Send the request to this replica now."""

    __slots__ = ("decision", "replica", "request_id")

    def __init__(self, request_id: str, replica: str, decision: Decision) -> None:
        self.request_id = request_id
        self.replica = replica
        self.decision = decision

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Forward) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Forward{self._facts()}"

    def _facts(self) -> tuple[str, str, Decision]:
        return self.request_id, self.replica, self.decision

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.forward(self)


class HandOver:
    """Send the request to this peer now; the peer decides on the replica and may not hand it on."""

    __slots__ = ("decision", "peer", "request_id")

    def __init__(self, request_id: str, peer: str, decision: Decision) -> None:
        self.request_id = request_id
        self.peer = peer
        self.decision = decision

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HandOver) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"HandOver{self._facts()}"

    def _facts(self) -> tuple[str, str, Decision]:
        return self.request_id, self.peer, self.decision

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.hand_over(self)


@dataclass(slots=True)
class Reject:
    """Answer the request with this HTTP status and error; `retry_after_s` if trying again makes sense.

    `may_retry` is False when it was tried again here already: official clients retry twice by themselves.
    """

    request_id: str
    status: int
    code: str
    message: str
    retry_after_s: int | None = None
    may_retry: bool = True

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.reject(self)


@dataclass(slots=True)
class PassOn:
    """Give the client the answer that its target gave, an error: nobody else is to be asked.

    The request stands in the ledger until the shell says how that went.
    """

    request_id: str

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.pass_on(self)


@dataclass(slots=True)
class AskToSteal:
    """Ask this peer for up to `count` of the requests that wait there."""

    peer: str
    count: int

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.ask_to_steal(self)
