"""Rules of other projects, as each is run there: one balancer for all replicas, which sends at once.

Where a rule's source and numbers come from is said with its policy. The last is a real program.
"""

from dataclasses import replace

from nightshift.balancing.presets.row import Preset
from nightshift.balancing.switches import Across, Imbalance, Switches, Topology, ToReplicas

_ONE = Switches(topology=Topology.GLOBAL, across=Across.NONE, to_replicas=ToReplicas.BLIND)

FIELD = (
    Preset(
        None,
        "power_of_two",
        "Power of two",
        replace(_ONE, replica_policy="power_of_two"),
        "of two random replicas the less loaded; blind to prefixes",
    ),
    Preset(
        None,
        "bounded_hashing",
        "CHWBL (KubeAI)",
        replace(_ONE, replica_policy="bounded_hashing"),
        "KubeAI's PrefixHash, in our balancer: its load factor and points on the ring, but the key is the "
        "first 128 bytes of the prompt, where KubeAI takes 100 characters of the first user message",
    ),
    Preset(
        None,
        "least_cost",
        "Least cost (GORGO)",
        replace(_ONE, replica_policy="least_cost"),
        "GORGO's cost, in our balancer, with its authors' time for a token (0.094 ms, eight A100 with "
        "Mistral 7B: set switches.cost.prefill_s_per_token for other machines) and without its limit of "
        "ten requests for a replica",
    ),
    Preset(
        None,
        "weighted_scores",
        "Weighted scores (llm-d)",
        replace(_ONE, replica_policy="weighted_scores"),
        "llm-d's scorers with its weights, in our balancer: one for all regions, blind to distances",
    ),
    Preset(
        None,
        "vllm_router",
        "vllm-router",
        None,
        "the real vllm-router, cache-aware with its own defaults, one for all regions, in the first",
        external="vllm-router",
        stands_in=replace(_ONE, match_threshold=0.3, imbalance=Imbalance(absolute=64, relative=1.5)),
    ),
)
