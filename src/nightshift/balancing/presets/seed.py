"""The seven systems of April 2025.

The faithful ones (1 to 5) do what the original did when the seven were compared: availability known from a
report every 100 ms alone, up to ten requests placed between two reports (its queue loop slept 10 ms), a
peer with any queue counts as full. They lose no request, though, and hand a request to themselves without
a network hop. System 0 is the real SGLang router.
"""

from dataclasses import replace

from nightshift.balancing.presets.row import Preset
from nightshift.balancing.switches import Across, Imbalance, PeerRule, Switches, Topology, ToReplicas

# The original probed every 100 ms and placed at most one request per 10 ms pass of its queue loop.
ORIGINAL = Switches(
    sends_per_probe=10,
    batch_growth=0.0,
    unknown_outstanding=10,
    peer_rule=PeerRule(max_queue=0, not_longer_than_own=False),
)

SEED = (
    Preset(
        0,
        "sgl",
        "Baseline",
        None,
        "the real sglang-router, one for all regions, in the first",
        external="sglang-router",
        # What its cache-aware policy does, with the values it is started with here.
        stands_in=replace(
            ORIGINAL, topology=Topology.GLOBAL, across=Across.NONE, to_replicas=ToReplicas.BLIND
        ),
    ),
    Preset(
        1,
        "sky_sgl_enhanced",
        "Baseline [Pull]",
        replace(ORIGINAL, topology=Topology.GLOBAL, across=Across.NONE),
    ),
    Preset(2, "sky_pull_pull", "Ours [Steal+Pull]", replace(ORIGINAL, across=Across.STEAL_AVERAGE)),
    Preset(3, "sky_push_pull", "Ours [Push+Pull]", replace(ORIGINAL, across=Across.PUSH)),
    Preset(
        4,
        "sky_push_push",
        "Ours [Push+Push]",
        replace(ORIGINAL, across=Across.PUSH, to_replicas=ToReplicas.BLIND),
    ),
    Preset(
        5,
        "sky_pull_pull_rate_limit",
        "Ours [Selective push+Pull]",
        replace(ORIGINAL, across=Across.SELECTIVE_PUSH),
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
)
"""In the order of their numbers."""
