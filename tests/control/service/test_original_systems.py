"""The original's systems do what its variables say: each row of its lists, as `sky serve up --env` had it.

Where balancers stand is no variable: the original launched one for all regions beside the service.
"""

from dataclasses import replace

import pytest

from nightshift.balancing.presets import preset, systems_in
from nightshift.balancing.switches import Across, PeerRule, Switches, Topology
from nightshift.control.service.original_switches import translate

PULL = "ENABLE_SELECTIVE_PUSHING=true"
BLIND = "ENABLE_SELECTIVE_PUSHING=false"
PUSH = "DO_PUSHING_ACROSS_LB=true"
SELECTIVE = "DO_PUSHING_ACROSS_LB=true LB_PUSHING_ENABLE_LB=false"
ALONE = "FORCE_DISABLE_STEALING=true"


def both(policy: str) -> str:
    return f"LB_POLICY={policy} META_LB_POLICY={policy}"


def one(environment: str) -> str:
    """A single balancer: there is nobody to steal from."""
    return f"one: {ALONE} {environment}"


SYSTEMS = {
    # The seven of April: nothing set is the default, which steals.
    "seed:1": one(""),
    "seed:2": "",
    "seed:3": PUSH,
    "seed:4": f"{PUSH} DO_PUSHING_TO_REPLICA=true",
    "seed:5": SELECTIVE,
    # The paper's; its version pushes blindly unless it is told otherwise.
    "paper:1": one(f"LB_POLICY=least_load {BLIND}"),
    "paper:2": one(f"LB_POLICY=consistent_hashing {BLIND}"),
    "paper:3": one(f"LB_POLICY=round_robin {BLIND}"),
    "paper:4": f"{SELECTIVE} {PULL} {both('prefix_tree')}",
    "paper:5": f"{SELECTIVE} {PULL} {both('consistent_hashing')}",
    "wide:1": one(""),
    "wide:2": one(f"{BLIND} DISABLE_LEAST_LOAD_IN_PREFIX=true"),
    "wide:3": one(f"{BLIND} LB_POLICY=least_load"),
    "wide:4": one("LB_POLICY=least_load"),
    "wide:5": one(f"{BLIND} LB_POLICY=consistent_hashing"),
    "wide:6": one("LB_POLICY=consistent_hashing"),
    "wide:7": one(f"{BLIND} LB_POLICY=round_robin"),
    "wide:8": one("LB_POLICY=round_robin"),
    "wide:9": "",
    "wide:10": "USE_V2_STEALING=true",
    "wide:11": ALONE,
    "wide:12": PUSH,
    "wide:13": f"{PUSH} DO_PUSHING_TO_REPLICA=true",
    "wide:14": f"{SELECTIVE} {both('prefix_tree')}",
    "wide:15": f"{SELECTIVE} {both('least_load')}",
    "wide:16": f"{SELECTIVE} {both('round_robin')}",
    "wide:17": f"{SELECTIVE} {both('consistent_hashing')}",
    "wide:18": f"{SELECTIVE} {both('prefix_tree')} DISABLE_LEAST_LOAD_IN_PREFIX=true",
    "figure9:1": one(BLIND),
    "figure9:2": one("USE_IE_QUEUE_INDICATOR=false DO_PUSHING_TO_REPLICA=true MAX_CONCURRENT_REQUESTS=50"),
    "figure9:3": one(PULL),
    "figure10:0": f"{SELECTIVE} {PULL} {both('prefix_tree')}",
    "figure10:1": f"DO_PUSHING_ACROSS_LB=false {ALONE} {PULL} {both('prefix_tree')}",
}


def without_idle_rules(switches: Switches) -> Switches:
    """A system whose balancers never exchange a request has no use for a rule of peers."""
    if switches.across is not Across.NONE:
        return switches
    return replace(switches, peer_rule=PeerRule(), peer_policy="prefix_tree")


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_row_is_what_its_variables_say(name: str) -> None:
    environment = SYSTEMS[name].removeprefix("one: ")
    set_ = dict(word.split("=", 1) for word in environment.split())
    # `LB_PUSHING_ENABLE_LB` at its default sets nothing, and makes an empty environment one of the original.
    found = translate({"LB_PUSHING_ENABLE_LB": "true", **set_})
    assert found is not None
    wanted = found.switches
    if SYSTEMS[name].startswith("one: "):
        wanted = replace(wanted, topology=Topology.GLOBAL)
    switches = preset(name).switches
    assert switches is not None
    assert without_idle_rules(switches) == without_idle_rules(wanted)


def test_every_row_of_the_originals_lists_is_held_to_its_variables() -> None:
    """But for the real SGLang router, which is place 0 everywhere, and the gateway of GKE."""
    held = {
        f"{set_}:{place}"
        for set_ in ("seed", "paper", "wide", "figure9", "figure10")
        for place, system in enumerate(systems_in(set_))
        if system.suffix not in ("sgl", "gke_gateway")
    }
    assert held == set(SYSTEMS)
