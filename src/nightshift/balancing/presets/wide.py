"""The rows that only the wide set of May 2025 had: 19 systems, of which the others are in `seed.py` and
`paper.py`.

The published lists give them by number alone, so the suffixes are ours. They follow April's rule for peers,
as the other systems of that time do.
"""

from dataclasses import replace

from nightshift.balancing.presets.paper import FINAL
from nightshift.balancing.presets.row import Preset
from nightshift.balancing.presets.seed import ORIGINAL
from nightshift.balancing.switches import Across, Topology, ToReplicas

_ONE = replace(ORIGINAL, topology=Topology.GLOBAL, across=Across.NONE)
_WALKER = replace(ORIGINAL, across=Across.SELECTIVE_PUSH)

WIDE = (
    Preset(
        None,
        "sky_sgl_no_fallback",
        "SGL, no fallback",
        replace(
            FINAL,
            topology=Topology.GLOBAL,
            across=Across.NONE,
            to_replicas=ToReplicas.BLIND,
            least_load_in_prefix=False,
        ),
        "our balancer with the SGLang router's rule, but any match decides; pushes blindly",
    ),
    Preset(None, "sky_least_load_pull", "LL [Pull]", replace(_ONE, replica_policy="least_load")),
    Preset(
        None,
        "sky_consistent_hashing_pull",
        "CH [Pull]",
        replace(_ONE, replica_policy="consistent_hashing"),
    ),
    Preset(None, "sky_round_robin_pull", "RR [Pull]", replace(_ONE, replica_policy="round_robin")),
    Preset(
        None, "sky_small_steal_pull", "Ours [Small steal+Pull]", replace(ORIGINAL, across=Across.STEAL_SMALL)
    ),
    Preset(
        None,
        "sky_walker_least_load",
        "SkyWalker/LL",
        replace(_WALKER, replica_policy="least_load", peer_policy="least_load"),
    ),
    Preset(
        None,
        "sky_walker_round_robin",
        "SkyWalker/RR",
        replace(_WALKER, replica_policy="round_robin", peer_policy="round_robin"),
    ),
    Preset(
        None,
        "sky_walker_ch_april",
        "SkyWalker/CH (April)",
        replace(_WALKER, replica_policy="consistent_hashing", peer_policy="consistent_hashing"),
        "sky_walker_ch with April's rule for peers: a peer with any queue is full",
    ),
    Preset(
        None,
        "sky_walker_no_fallback",
        "SkyWalker/Prefix, no fallback",
        replace(_WALKER, least_load_in_prefix=False),
        "any match decides, however short",
    ),
)
