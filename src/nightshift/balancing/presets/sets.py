"""Sets of systems, each in the order of its numbers: `paper:4` is the fifth of `paper`."""

from collections.abc import Mapping
from types import MappingProxyType

SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "seed": (
            "sgl",
            "sky_sgl_enhanced",
            "sky_pull_pull",
            "sky_push_pull",
            "sky_push_push",
            "sky_pull_pull_rate_limit",
            "gke_gateway",
        ),
        "paper": (
            "sgl",
            "sky_least_load",
            "sky_consistent_hashing",
            "sky_round_robin",
            "sky_walker_prefix",
            "sky_walker_ch",
        ),
        "wide": (
            "sgl",
            "sky_sgl_enhanced",
            "sky_sgl_no_fallback",
            "sky_least_load",
            "sky_least_load_pull",
            "sky_consistent_hashing",
            "sky_consistent_hashing_pull",
            "sky_round_robin",
            "sky_round_robin_pull",
            "sky_pull_pull",
            "sky_small_steal_pull",
            "region_local",
            "sky_push_pull",
            "sky_push_push",
            "sky_pull_pull_rate_limit",
            "sky_walker_least_load",
            "sky_walker_round_robin",
            "sky_walker_ch_april",
            "sky_walker_no_fallback",
        ),
        "figure9": ("sgl", "bp", "sp_o", "sp_p"),
        "figure10": ("sky_walker_prefix", "region_local"),
        "field": ("power_of_two", "bounded_hashing", "least_cost", "weighted_scores", "vllm_router"),
        "nightshift": ("nightshift",),
        "trial": ("nightshift", "nightshift_hold"),
    }
)
"""Name of the set -> suffixes. Where a set is the original's, the place in it is the original's number."""
