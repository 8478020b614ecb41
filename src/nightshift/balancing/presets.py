"""The systems that have a name: each is a point in the space of `Switches`.

Numbers and suffixes are those of the benchmark that the project implements. The faithful ones (1 to 5)
do what the original did in April 2025, when the seven systems were compared: availability known from a
report every 100 ms alone, up to ten requests placed between two reports (its queue loop slept 10 ms), a
peer with any queue counts as full. They lose no request, though, and hand a request to themselves without
a network hop. System 0 is the real SGLang router and has no switches.
"""

from dataclasses import dataclass, replace

from nightshift.balancing.switches import Across, Imbalance, PeerRule, Switches, Topology, ToReplicas
from nightshift.errors import UserError

# The original probed every 100 ms and placed at most one request per 10 ms pass of its queue loop.
_ORIGINAL = Switches(
    sends_per_probe=10,
    batch_growth=0.0,
    unknown_outstanding=10,
    peer_rule=PeerRule(max_queue=0, not_longer_than_own=False),
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A system with its names. `switches` is None where the system is not ours (the SGLang router)."""

    id: int
    suffix: str
    """Ends the name of an experiment in file names, as in the original's benchmark."""
    legend: str
    """What figures call it."""
    switches: Switches | None
    note: str = ""
    """What a reader has to know beside its numbers."""


PRESETS: tuple[Preset, ...] = (
    Preset(0, "sgl", "Baseline", None, "the real sglang-router, one for all regions, in the first"),
    Preset(
        1,
        "sky_sgl_enhanced",
        "Baseline [Pull]",
        replace(_ORIGINAL, topology=Topology.GLOBAL, across=Across.NONE),
    ),
    Preset(2, "sky_pull_pull", "Ours [Steal+Pull]", replace(_ORIGINAL, across=Across.STEAL_AVERAGE)),
    Preset(3, "sky_push_pull", "Ours [Push+Pull]", replace(_ORIGINAL, across=Across.PUSH)),
    Preset(
        4,
        "sky_push_push",
        "Ours [Push+Push]",
        replace(_ORIGINAL, across=Across.PUSH, to_replicas=ToReplicas.BLIND),
    ),
    Preset(
        5,
        "sky_pull_pull_rate_limit",
        "Ours [Selective push+Pull]",
        replace(_ORIGINAL, across=Across.SELECTIVE_PUSH),
    ),
    Preset(
        6,
        "gke_gateway",
        "GKE Gateway (emulated)",
        Switches(
            across=Across.SELECTIVE_PUSH,
            to_replicas=ToReplicas.BY_OUTSTANDING,
            replica_policy="round_robin",
            peer_policy="nearest",
            max_outstanding=25,
            overcommit=True,
            peer_rule=PeerRule(max_queue=2**31, not_longer_than_own=False),
            imbalance=Imbalance(),
        ),
        "an emulation of the multi-cluster gateway: nearest region first, to the next one above 25 requests "
        "per replica (an assumption: the operator sets a capacity; by default there is none), blind to "
        "prefixes",
    ),
    Preset(7, "nightshift", "Nightshift", Switches(), "Nightshift's own default"),
)


def preset(name: str | int) -> Preset:
    """Find a preset by number or suffix (`nightshift` is the default service's).

    Raises `UserError` naming the known ones.
    """
    for candidate in PRESETS:
        if str(name) in (str(candidate.id), candidate.suffix):
            return candidate
    known = ", ".join(f"{p.id} ({p.suffix})" for p in PRESETS)
    raise UserError(f"unknown system {name!r}; known are {known}")
