"""What goes into a balancer's decision and what comes out of it.

In: a `Request` with the `PromptKey` that placement may look at, and reports on replicas and peers.
Out: actions. An action is a value, so that a test can compare it and a log can show it; `run` hands it
to whoever does the I/O (the live proxy, or the simulator), which therefore needs no chain of type tests.

What is made for every request is a slotted dataclass that is not frozen, though nobody changes one: a frozen
one sets each field through `object.__setattr__`, which was 3 to 4 % of all CPU time of a balancer.
"""

from dataclasses import dataclass, field
from typing import Protocol

from nightshift.balancing.blocks import digests


@dataclass(frozen=True, slots=True)
class PromptKey:
    """What placement knows of a prompt: digests of its blocks, and the cache that it can hit. No text.

    `namespace` keeps apart what engines cache apart: each model and each LoRA adapter. It goes into the
    digests of `blocks`. An empty prompt has none and matches nothing.
    """

    namespace: str
    blocks: bytes = field(repr=False)
    length_bytes: int

    @classmethod
    def of(cls, namespace: str, text: bytes, seed: int = 0) -> "PromptKey":
        """Make the key of a prompt that was rendered to `text`; keys compare within one `seed`."""
        return cls(namespace, digests(namespace, text, seed), len(text))


@dataclass(slots=True)
class Request:
    """A request as placement sees it. `from_peer` names the balancer that handed it over, if one did."""

    id: str
    prompt: PromptKey
    hash_key: str | None = None
    from_peer: str | None = None
    tenant: str | None = None
    model: str = ""
    """Only who serves it may get the request; empty: any target may."""
    deadline: float | None = None
    """On the balancer's clock, in seconds; from then on the request is placed nowhere."""


@dataclass(frozen=True, slots=True)
class ReplicaReport:
    """What an engine says of itself: requests waiting, requests in the batch, KV use from 0 to 1.

    None is what it does not say: not known, which is neither idle nor full.
    """

    pending: int | None
    running: int | None
    kv_use: float | None = None


@dataclass(frozen=True, slots=True)
class PeerReport:
    """What a balancer says of itself; counts of requests and of replicas.

    `queue_from_users` leaves out requests that other balancers handed over: only the rest may be
    stolen, because a request crosses at most once.
    """

    queue: int
    queue_from_users: int
    outstanding: int
    replicas: int
    available_replicas: int
    models: tuple[str, ...] | None = None
    """The models its replicas serve; None: not known, or any."""
    draining: bool = False
    """It takes no new requests."""


@dataclass(slots=True)
class Decision:
    """Why a request went where it went.

    `matched` is the share of the prompt, from 0 to 1, that the target was believed to hold in its
    cache; `queued_s` the seconds in this balancer's queue; `reason` the rule that chose.
    """

    reason: str
    queued_s: float
    matched: float = 0.0


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


@dataclass(slots=True)
class Forward:
    """Send the request to this replica now."""

    request_id: str
    replica: str
    decision: Decision

    def run(self, shell: Shell) -> None:
        """See `Action.run`."""
        shell.forward(self)


@dataclass(slots=True)
class HandOver:
    """Send the request to this peer now; the peer decides on the replica and may not hand it on."""

    request_id: str
    peer: str
    decision: Decision

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
