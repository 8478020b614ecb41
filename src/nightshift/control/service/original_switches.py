"""The original's switches, environment variables of a service, as `Switches`.

They are read as the system of April 2025 read them, when the seven systems were compared: probing of pending
requests is on unless it is switched off. A variable that only later versions had (`ENABLE_SELECTIVE_PUSHING`)
means theirs: a peer has room while at most ten requests wait there, and no more than here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightshift.balancing.policies import POLICIES
from nightshift.balancing.presets import preset
from nightshift.balancing.switches import Across, PeerRule, Switches, ToReplicas
from nightshift.control.service.faults import Fault

BOOLEANS = {
    "DO_PUSHING_ACROSS_LB": False,
    "LB_PUSHING_ENABLE_LB": True,
    "DO_PUSHING_TO_REPLICA": False,
    "ENABLE_SELECTIVE_PUSHING": True,
    "USE_IE_QUEUE_INDICATOR": True,
    "USE_V2_STEALING": False,
    "FORCE_DISABLE_STEALING": False,
    "DISABLE_LEAST_LOAD_IN_PREFIX": False,
}
"""Name -> what it is when it is not set."""
REPLICA_POLICY, PEER_POLICY, MAX_CONCURRENT = "LB_POLICY", "META_LB_POLICY", "MAX_CONCURRENT_REQUESTS"
NAMES = (*BOOLEANS, REPLICA_POLICY, PEER_POLICY, MAX_CONCURRENT)
DEFAULT_MAX_CONCURRENT = 10
"""Requests of one balancer on one replica, where the engine is not asked how many wait there."""

ALIASES = {"proximate_first": "nearest"}
"""The original's names of policies that are called otherwise here."""
POLICY_NAMES = (*POLICIES, *ALIASES)

_ORIGINAL = preset("sky_pull_pull").switches or Switches()


@dataclass(frozen=True, slots=True)
class Translated:
    """The switches, and what whoever set them should know."""

    switches: Switches
    set_by: tuple[str, ...]
    """The variables that are set."""
    notes: tuple[str, ...] = ()


def translate(envs: Mapping[str, str]) -> Translated | None:
    """Return the switches that the variables mean; None if none of the original's is set.

    Raises `Fault` at the variable whose value means nothing; it does not quote the value.
    """
    names = tuple(name for name in NAMES if name in envs)
    if not names:
        return None
    flags = {name: _boolean(name, envs[name]) if name in envs else usual for name, usual in BOOLEANS.items()}
    switches = replace(
        _ORIGINAL,
        across=_across(flags),
        to_replicas=_to_replicas(flags),
        replica_policy=_policy(envs, REPLICA_POLICY),
        peer_policy=_policy(envs, PEER_POLICY),
    )
    if switches.to_replicas is ToReplicas.BY_OUTSTANDING:
        switches = replace(switches, max_outstanding=_max_concurrent(envs))
    if flags["DISABLE_LEAST_LOAD_IN_PREFIX"]:
        switches = replace(switches, least_load_in_prefix=False)
    if "ENABLE_SELECTIVE_PUSHING" in envs:
        switches = replace(switches, peer_rule=PeerRule())
    return Translated(switches, names, _without_effect(flags, envs, switches))


def _across(flags: Mapping[str, bool]) -> Across:
    if flags["DO_PUSHING_ACROSS_LB"]:
        return Across.PUSH if flags["LB_PUSHING_ENABLE_LB"] else Across.SELECTIVE_PUSH
    if flags["FORCE_DISABLE_STEALING"]:
        return Across.NONE
    return Across.STEAL_SMALL if flags["USE_V2_STEALING"] else Across.STEAL_AVERAGE


def _to_replicas(flags: Mapping[str, bool]) -> ToReplicas:
    if not flags["USE_IE_QUEUE_INDICATOR"]:
        return ToReplicas.BY_OUTSTANDING
    if flags["DO_PUSHING_TO_REPLICA"] or not flags["ENABLE_SELECTIVE_PUSHING"]:
        return ToReplicas.BLIND
    return ToReplicas.BY_PENDING


def _boolean(name: str, text: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise Fault(("envs", name), "is a switch of the original and neither true, 1, false nor 0")
    return known[text.lower()]


def _policy(envs: Mapping[str, str], name: str) -> str:
    if name not in envs:
        return "prefix_tree"
    if envs[name] not in POLICY_NAMES:
        raise Fault(("envs", name), f"names no policy; known are {', '.join(POLICY_NAMES)}")
    return ALIASES.get(envs[name], envs[name])


def _max_concurrent(envs: Mapping[str, str]) -> int:
    text = envs.get(MAX_CONCURRENT, str(DEFAULT_MAX_CONCURRENT))
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise Fault(("envs", MAX_CONCURRENT), "is no whole number of 1 or more")
    return int(text)


def _without_effect(
    flags: Mapping[str, bool], envs: Mapping[str, str], switches: Switches
) -> tuple[str, ...]:
    """Say which variables were set to something else than usual, and change nothing."""
    pushes = switches.across in (Across.PUSH, Across.SELECTIVE_PUSH)
    idle = {
        "LB_PUSHING_ENABLE_LB": "" if pushes else "DO_PUSHING_ACROSS_LB is not true",
        "USE_V2_STEALING": "" if switches.across is Across.STEAL_SMALL else "balancers do not steal",
        "FORCE_DISABLE_STEALING": "balancers that push do not steal anyway" if pushes else "",
    }
    found = [
        f"{name} has no effect: {why}" for name, why in idle.items() if why and flags[name] != BOOLEANS[name]
    ]
    if MAX_CONCURRENT in envs and switches.to_replicas is not ToReplicas.BY_OUTSTANDING:
        found.append(f"{MAX_CONCURRENT} has no effect: USE_IE_QUEUE_INDICATOR is not false")
    return tuple(found)
