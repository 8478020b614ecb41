"""The original's variables: the tables of its benchmark, line by line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.presets import preset
from nightshift.balancing.switches import Across, PeerRule, Switches, ToReplicas
from nightshift.control.service.faults import Fault
from nightshift.control.service.original_switches import BOOLEANS, translate

PREFIX = "LB_POLICY=prefix_tree META_LB_POLICY=prefix_tree"
PUSH, SELECTIVE = "DO_PUSHING_ACROSS_LB=true", "DO_PUSHING_ACROSS_LB=true LB_PUSHING_ENABLE_LB=false"
FINAL = f"{SELECTIVE} ENABLE_SELECTIVE_PUSHING=true"


def variables(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


def switches(text: str) -> Switches:
    found = translate(variables(text))
    assert found is not None
    return found.switches


@pytest.mark.parametrize(
    ("text", "system"),
    [
        (PREFIX, 2),
        (f"{PREFIX} {PUSH}", 3),
        (f"{PREFIX} {PUSH} DO_PUSHING_TO_REPLICA=true", 4),
        (f"{PREFIX} {SELECTIVE}", 5),
        # Without the policies that the original's file has, and in its other spelling.
        ("DO_PUSHING_ACROSS_LB=false", 2),
        ("DO_PUSHING_ACROSS_LB=1", 3),
        ("DO_PUSHING_ACROSS_LB=True LB_PUSHING_ENABLE_LB=0", 5),
    ],
)
def test_the_seven_systems(text: str, system: int) -> None:
    assert switches(text) == preset(system).switches


@pytest.mark.parametrize(
    ("text", "across", "to_replicas"),
    [
        ("USE_V2_STEALING=true", Across.STEAL_SMALL, ToReplicas.BY_PENDING),
        ("FORCE_DISABLE_STEALING=true", Across.NONE, ToReplicas.BY_PENDING),
        # The two ablations of the paper: SP-O and SP-P before one region, and the one without exchange.
        (
            "FORCE_DISABLE_STEALING=true USE_IE_QUEUE_INDICATOR=false DO_PUSHING_TO_REPLICA=true",
            Across.NONE,
            ToReplicas.BY_OUTSTANDING,
        ),
        ("ENABLE_SELECTIVE_PUSHING=true", Across.STEAL_AVERAGE, ToReplicas.BY_PENDING),
        ("ENABLE_SELECTIVE_PUSHING=false", Across.STEAL_AVERAGE, ToReplicas.BLIND),
        ("DO_PUSHING_ACROSS_LB=false FORCE_DISABLE_STEALING=true", Across.NONE, ToReplicas.BY_PENDING),
    ],
)
def test_the_ablations(text: str, across: Across, to_replicas: ToReplicas) -> None:
    found = switches(text)
    assert (found.across, found.to_replicas) == (across, to_replicas)


@pytest.mark.parametrize("policy", ["least_load", "consistent_hashing", "round_robin"])
def test_the_final_baselines_push_blindly(policy: str) -> None:
    """Systems 1 to 3 of the final version: one balancer with a policy, and no probing of pending requests."""
    found = switches(f"LB_POLICY={policy} ENABLE_SELECTIVE_PUSHING=false")
    assert (found.to_replicas, found.replica_policy) == (ToReplicas.BLIND, policy)


@pytest.mark.parametrize("policy", ["prefix_tree", "consistent_hashing"])
def test_the_final_systems_4_and_5(policy: str) -> None:
    selective = preset(5).switches
    assert selective is not None
    assert switches(f"{FINAL} LB_POLICY={policy} META_LB_POLICY={policy}") == replace(
        selective, replica_policy=policy, peer_policy=policy, peer_rule=PeerRule()
    )


def test_policies_limits_and_thresholds() -> None:
    found = switches("META_LB_POLICY=proximate_first DISABLE_LEAST_LOAD_IN_PREFIX=true")
    assert (found.peer_policy, found.least_load_in_prefix) == ("nearest", False)
    assert switches("USE_IE_QUEUE_INDICATOR=false").max_outstanding == 10
    assert switches("USE_IE_QUEUE_INDICATOR=false MAX_CONCURRENT_REQUESTS=50").max_outstanding == 50


def test_none_set_is_none() -> None:
    assert translate({"HF_TOKEN": "secret", "MODEL_NAME": "m"}) is None


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "LB_PUSHING_ENABLE_LB=false",
            "LB_PUSHING_ENABLE_LB has no effect: DO_PUSHING_ACROSS_LB is not true",
        ),
        (f"{PUSH} USE_V2_STEALING=true", "USE_V2_STEALING has no effect: balancers do not steal"),
        (
            f"{PUSH} FORCE_DISABLE_STEALING=true",
            "FORCE_DISABLE_STEALING has no effect: balancers that push do not steal anyway",
        ),
        (
            "MAX_CONCURRENT_REQUESTS=50",
            "MAX_CONCURRENT_REQUESTS has no effect: USE_IE_QUEUE_INDICATOR is not false",
        ),
    ],
)
def test_what_has_no_effect_is_said(text: str, note: str) -> None:
    found = translate(variables(text))
    assert found is not None
    assert found.notes == (note,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("USE_V2_STEALING=secret", "is a switch of the original and neither true, 1, false nor 0"),
        ("LB_POLICY=secret", "names no policy; known are round_robin, least_load, "),
        ("USE_IE_QUEUE_INDICATOR=0 MAX_CONCURRENT_REQUESTS=0", "is no whole number of 1 or more"),
        ("USE_IE_QUEUE_INDICATOR=0 MAX_CONCURRENT_REQUESTS=secret", "is no whole number of 1 or more"),
    ],
)
def test_values_that_mean_nothing(text: str, message: str) -> None:
    with pytest.raises(Fault) as caught:
        translate(variables(text))
    assert caught.value.message.startswith(message)
    assert "secret" not in caught.value.message


@given(
    st.dictionaries(
        st.sampled_from(sorted(BOOLEANS)), st.sampled_from(["true", "false", "1", "0"]), min_size=1
    )
)
def test_any_set_makes_a_system_of_the_original(envs: dict[str, str]) -> None:
    found = translate(envs)
    assert found is not None
    assert set(found.set_by) == set(envs)
    # What the original could not do stays out: it asked for ten requests between two reports.
    assert (found.switches.sends_per_probe, found.switches.batch_growth) == (10, 0.0)
