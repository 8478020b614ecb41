"""A service level objective: limits that a good request keeps. Read from `ttft=2,tpot=0.1`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nightshift.errors import UserError


@dataclass(frozen=True, slots=True)
class Slo:
    """Limits in seconds; None: not limited. The names are inference-perf's, but for `e2e`."""

    ttft: float | None = None
    tpot: float | None = None
    itl: float | None = None
    """Of a request's mean gap between pieces of content, as in inference-perf."""
    ntpot: float | None = None
    e2e: float | None = None

    def limits(self) -> Mapping[str, float]:
        """Return the limits that are set."""
        every = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in every.items() if value is not None}

    @property
    def text(self) -> str:
        """As it is given on a command line."""
        return ",".join(f"{name}={value:g}" for name, value in self.limits().items())


DEFAULT_SLO = Slo(ttft=2.0, tpot=0.1)
"""A choice of this project, shown wherever goodput is: a reader who waits two seconds and then gets ten
tokens a second. An L4 with Llama 3.1 8B takes 60 to 75 ms for a step of decoding, so that the second limit is
missed where prompts of others interrupt an answer too often."""

SLO_HELP = (
    "What a good request keeps, in seconds: of ttft, tpot, itl (its mean gap), ntpot (E2E / output tokens) "
    "and e2e, as in 'ttft=2,tpot=0.1'. Goodput counts these requests."
)
"""For the help of an option that takes an SLO."""


def parse_slo(text: str) -> Slo:
    """Read `NAME=SECONDS,...`. Raises `UserError` that names what is known."""
    known = [f.name for f in fields(Slo)]
    limits: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        seconds = _positive(value)
        if name not in known or seconds is None or name in limits:
            raise UserError(
                f"--slo: {part.strip()!r} is not a limit; give each of {', '.join(known)} at most once, in "
                f"seconds above 0, as in {DEFAULT_SLO.text!r}"
            )
        limits[name] = seconds
    return Slo(**limits)


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
