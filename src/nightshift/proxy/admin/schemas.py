"""What the admin API takes and gives, for its OpenAPI page and for who reads it.

Answers are open: fields may be added. Requests are closed: a misspelt key is refused. A None means "not
known", never "none".
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from nightshift.proxy.limits import Strict


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Health(_Open):
    """This process runs."""

    status: Literal["ok", "draining"]
    name: str
    region: str


class State(_Open):
    """What the balancer knows and has done."""

    name: str
    region: str
    queue: int = Field(ge=0, description="Requests that wait here.")
    outstanding: int = Field(ge=0, description="Requests sent to replicas of this balancer and not over.")
    in_progress: int = Field(ge=0, description="Requests that are not answered yet.")
    replica: dict[str, Any] = Field(description="Each replica by its id: state, load, report.")
    peer: dict[str, Any] = Field(description="Each peer by its id.")


class Candidate(_Open):
    """A target as it stood when a request was placed."""

    id: str
    kind: Literal["replica", "peer"] | None = None
    region: str | None = None
    state: str | None = None
    available: bool | None = Field(default=None, description="Whether it could be chosen.")
    outstanding: int | None = Field(default=None, description="Sent there and not over: exact.")
    pending: int | None = Field(default=None, description="Waiting there, as it reported.")
    running: int | None = Field(default=None, description="In its batch, as it reported.")
    report_age_s: float | None = Field(default=None, description="How old that report was.")
    rtt_s: float | None = None
    matched: float | None = Field(default=None, description="Share of the prompt it was believed to hold.")
    score: float | None = Field(default=None, description="What the policy compared, if it compared scores.")


class Decision(_Open):
    """One decision: who could have had the request, who got it, and why."""

    request_id: str
    age_s: float = Field(description="Seconds since it was made.")
    action: str = Field(description="forward, hand_over, reject, ...")
    target: str | None = None
    reason: str = Field(description="The rule that chose, or the code of the refusal.")
    why: str | None = Field(default=None, description="The reason in words.")
    model: str | None = None
    matched: float | None = None
    queued_s: float | None = None
    prompt_bytes: int | None = None
    candidates: list[Candidate] = []


class Decisions(_Open):
    """The newest first."""

    decisions: list[Decision]


class DrainRequest(Strict):
    """How long running requests get; left out, `limits.drain_s`."""

    grace_s: float | None = Field(default=None, ge=0, le=86_400, allow_inf_nan=False)


class Draining(_Open):
    """The balancer takes no new requests."""

    draining: Literal[True]
    grace_s: float


class SettingsChange(RootModel[dict[str, Any]]):
    """Keys of a balancer's configuration. Those that only a new process can change are refused."""


class Reloaded(_Open):
    """The configuration was read again; `changed` are the keys that differ."""

    changed: list[str]


class TargetsChanged(_Open):
    """How many there are now."""

    replicas: int
    peers: int


class ReplicaDraining(_Open):
    """See `console.ReplicaDrain`."""

    id: str
    draining: bool
    outstanding: int


class ErrorFacts(_Open):
    """What was wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class Error(BaseModel):
    """An error in OpenAI's format."""

    error: ErrorFacts
