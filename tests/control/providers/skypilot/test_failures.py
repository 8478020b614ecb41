"""SkyPilot's own exceptions, with what clouds say in them, in words to act on."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.control.providers.contract import launched
from tests.control.providers.skypilot.lives import ONE, Bench

from nightshift.control.providers.base import Phase
from nightshift.control.providers.skypilot.failures import provider_error

EVERYWHERE = "Failed to acquire resources in all zones in us-east-2."
FORBIDDEN = "UnauthorizedOperation: You are not authorized to perform this operation: ec2:RunInstances"
VCPUS = "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of"
NO_SPOT = "InsufficientInstanceCapacity: There is no Spot capacity available that matches your request."
NO_QUOTA = (
    "\x1b[33mFound no quota for g6.4xlarge on-demand instances in region us-east-2 in AWS. \x1b[0m"
    "To request quotas, check the instruction."
)


@pytest.fixture
def errors() -> Any:
    return pytest.importorskip("sky.exceptions")


@pytest.mark.parametrize(
    ("history", "said", "permanent"),
    [
        ([f"{VCPUS} 0 allows"], "the quota for this machine is zero: VcpuLimitExceeded", True),
        ([f"{VCPUS} 8 allows"], "the quota is used up: VcpuLimitExceeded", False),
        ([NO_QUOTA], "the quota for this machine is zero: Found no quota for g6.4xlarge", True),
        (
            ["Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 0.0 in region x."],
            "quota for this machine is zero",
            True,
        ),
        (["Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 0.5 in region x."], "the quota is used up", False),
        (["MaxSpotInstanceCountExceeded: Max spot instance count exceeded"], "the quota is used up", False),
        ([FORBIDDEN], "the cloud forbids it: UnauthorizedOperation: You are not authorized", True),
        ([NO_SPOT], "no such machine is free now: InsufficientInstanceCapacity", False),
        (["due to invalid cloud credentials: expired"], "run `sky check`", True),
        ([], "no cloud offers what is asked for", True),
    ],
)
def test_why_there_is_no_machine(errors: Any, history: list[str], said: str, permanent: bool) -> None:
    error = errors.ResourcesUnavailableError(
        EVERYWHERE, failover_history=[errors.ResourcesUnavailableError(one) for one in history]
    )
    told = provider_error("svc-r1", error)
    assert said in str(told)
    assert str(told).startswith("svc-r1: ")
    assert "\x1b" not in str(told)
    assert told.permanent == permanent


NOT_ENABLED = "Task requires AWS which is not enabled."
MADE: dict[str, Callable[[Any], Exception]] = {
    "ClusterNotUpError": lambda sky: sky.ClusterNotUpError("Cluster 'x' is not up."),
    "CommandError": lambda sky: sky.CommandError(255, "ssh", "connection timed out", None),
    "ResourcesUnavailableError": lambda sky: sky.ResourcesUnavailableError(NOT_ENABLED),
    "ProvisionPrechecksError": lambda sky: sky.ProvisionPrechecksError([sky.NoCloudAccessError("None.")]),
}


@pytest.mark.parametrize(
    ("kind", "said", "permanent"),
    [
        ("NoCloudAccessError", "run `sky check`", True),
        ("InvalidCloudCredentials", "run `sky check`", True),
        ("CloudUserIdentityError", "run `sky check`", True),
        ("ResourcesUnavailableError", "run `sky check`", True),
        ("ProvisionPrechecksError", "None.; run `sky check`", True),
        ("ClusterOwnerIdentityMismatchError", "the account that launched it", True),
        ("PermissionDeniedError", "administrator", True),
        ("NoWorkspaceAccessError", "administrator", True),
        ("UserRequestRejectedByPolicy", "administrator", True),
        ("ResourcesMismatchError", "sky down", True),
        ("NotSupportedError", "change the resources", True),
        ("InvalidSkyPilotConfigError", "config.yaml", True),
        ("ApiServerAuthenticationError", "sky api login", True),
        ("APIVersionMismatchError", "sky api stop", True),
        ("StorageSpecError", "as it is", True),
        ("ApiServerConnectionError", "sky api start", False),
        ("ServerTemporarilyUnavailableError", "tried again", False),
        ("KubeAPIUnreachableError", "kubectl get nodes", False),
        ("RequestCancelled", "cancelled", False),
        ("CommandError", "see the unit's log", False),
        ("ClusterNotUpError", "on its way out", False),
        ("ClusterDoesNotExist", "preempted", False),
    ],
)
def test_each_kind_says_what_to_do(errors: Any, kind: str, said: str, permanent: bool) -> None:
    made = MADE[kind](errors) if kind in MADE else getattr(errors, kind)("as it is")
    told = provider_error("svc-r1", made)
    assert said in str(told)
    assert told.permanent == permanent


def test_a_preempted_spot_machine_is_said_once_skypilot_knows(errors: Any, tmp_path: Path) -> None:
    async def life() -> None:
        bench = Bench(tmp_path)
        await launched(bench, "svc-r1")
        for error in (errors.ClusterNotUpError("Cluster is not up."), errors.ClusterDoesNotExist("No.")):
            bench.sky.broken = {f"queue {ONE}": error}
            assert (await bench.unit()).phase is Phase.RUNNING
        del bench.sky.there[ONE]
        unit = await bench.unit()
        assert unit.phase is Phase.STOPPED
        assert "preempted" in unit.problem

    asyncio.run(life())
