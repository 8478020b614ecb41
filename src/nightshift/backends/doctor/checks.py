"""What the doctor finds: one `Check` for each thing looked at, and the `Findings` of one engine."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARN = "warn"
    """A balancer can use the engine, and something better is to be had."""
    MISSING = "missing"
    """A balancer needs it."""
    NOT_ASKED = "not asked"
    """Only `--probe` asks."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do about it."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is to be said of one engine."""

    url: str
    engine: str | None
    version: str | None
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return all(check.state is not State.MISSING for check in self.checks)
