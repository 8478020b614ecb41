"""Policies by name. Each is one file; a new one is added to the table here and gains the contract tests."""

from collections.abc import Callable
from random import Random

from nightshift.balancing.policies.base import Choice, Policy
from nightshift.balancing.policies.bounded_hashing import BoundedHashing
from nightshift.balancing.policies.consistent_hashing import ConsistentHashing
from nightshift.balancing.policies.least_cost import LeastCost
from nightshift.balancing.policies.least_load import LeastLoad
from nightshift.balancing.policies.nearest import Nearest
from nightshift.balancing.policies.power_of_two import PowerOfTwo
from nightshift.balancing.policies.prefix_tree import PrefixTree
from nightshift.balancing.policies.round_robin import RoundRobin
from nightshift.balancing.policies.weighted_scores import WeightedScores
from nightshift.balancing.switches import Imbalance, Switches
from nightshift.errors import UserError

__all__ = ["POLICIES", "Choice", "Policy", "make_policy"]

_Maker = Callable[[Switches, Imbalance | None, Random], Policy]

POLICIES: dict[str, _Maker] = {
    "round_robin": lambda switches, imbalance, rng: RoundRobin(),
    "least_load": lambda switches, imbalance, rng: LeastLoad(rng),
    "nearest": lambda switches, imbalance, rng: Nearest(),
    "consistent_hashing": lambda switches, imbalance, rng: ConsistentHashing(rng),
    "prefix_tree": lambda switches, imbalance, rng: PrefixTree(
        # Any match covers more than nothing, and where there is none, all match alike.
        threshold=switches.match_threshold if switches.least_load_in_prefix else 0.0,
        index_bytes=switches.index_bytes,
        imbalance=imbalance,
        rng=rng,
    ),
    "power_of_two": lambda switches, imbalance, rng: PowerOfTwo(rng),
    "bounded_hashing": lambda switches, imbalance, rng: BoundedHashing(switches.bounded_load, rng),
    "least_cost": lambda switches, imbalance, rng: LeastCost(switches.cost, switches.index_bytes, rng),
    "weighted_scores": lambda switches, imbalance, rng: WeightedScores(
        switches.weights, switches.index_bytes, rng
    ),
}


def make_policy(name: str, switches: Switches, *, imbalance: Imbalance | None, rng: Random) -> Policy:
    """Make the policy `name`; `imbalance` is the check of blind push, or None.

    Raises `UserError` naming the known ones.
    """
    maker = POLICIES.get(name)
    if maker is None:
        raise UserError(f"unknown policy {name!r}; known are {', '.join(POLICIES)}")
    return maker(switches, imbalance, rng)
