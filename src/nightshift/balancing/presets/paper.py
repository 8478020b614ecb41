"""The systems of the paper's evaluation that April did not have, as the published code configures them.

Three baselines are one balancer for all regions, and blind. SkyWalker asks replicas for their pending
requests and hands over to a peer whose queue is at most ten long, and no longer than the own one. What the
paper's Figures 9 and 10 compare is beside them.
"""

from dataclasses import replace

from nightshift.balancing.presets.row import Preset
from nightshift.balancing.presets.seed import ORIGINAL
from nightshift.balancing.switches import Across, PeerRule, Topology, ToReplicas

FINAL = replace(ORIGINAL, peer_rule=PeerRule(max_queue=10, not_longer_than_own=True))
"""Of the original's last version: its rule for peers is another one than that of April."""
_ONE = replace(FINAL, topology=Topology.GLOBAL, across=Across.NONE)
_BLIND = replace(_ONE, to_replicas=ToReplicas.BLIND)
_WALKER = replace(FINAL, across=Across.SELECTIVE_PUSH)

PAPER = (
    Preset(None, "sky_least_load", "LL", replace(_BLIND, replica_policy="least_load")),
    Preset(None, "sky_consistent_hashing", "CH", replace(_BLIND, replica_policy="consistent_hashing")),
    Preset(None, "sky_round_robin", "RR", replace(_BLIND, replica_policy="round_robin")),
    Preset(None, "sky_walker_prefix", "SkyWalker/Prefix", _WALKER),
    Preset(
        None,
        "sky_walker_ch",
        "SkyWalker/CH",
        replace(_WALKER, replica_policy="consistent_hashing", peer_policy="consistent_hashing"),
    ),
)

FIGURES = (
    Preset(
        None,
        "bp",
        "BP",
        _BLIND,
        "the rule of the SGLang router in our balancer, so that the three of Figure 9 differ in nothing but "
        "when they push; the paper's own bar is system 0",
    ),
    Preset(
        None,
        "sp_o",
        "SP-O",
        replace(_ONE, to_replicas=ToReplicas.BY_OUTSTANDING, max_outstanding=50),
        "50 requests on a replica, as in the paper; without the check of imbalance that the original made "
        "here too",
    ),
    Preset(None, "sp_p", "SP-P", _ONE, "the rule of sky_sgl_enhanced"),
    Preset(
        None,
        "region_local",
        "Region-local",
        replace(FINAL, across=Across.NONE),
        "SkyWalker/Prefix whose balancers never exchange a request; the published code could lose requests "
        "here, this does not",
    ),
)
