"""What people read of a service's scaling."""

from collections.abc import Mapping

from nightshift.control.service.spec import Scaling

UNSUPPORTED: Mapping[str, str] = {
    "base_ondemand_fallback_replicas": "all replicas are launched with the `resources` of their place, none "
    "as an on-demand stand-in for a spot instance; leave it out, and put `use_spot` into `resources` if you "
    "want spot instances",
    "dynamic_ondemand_fallback": "a preempted replica is launched again with the same `resources`; leave it "
    "out",
    "num_overprovision": "there are as many replicas as are wanted; raise `min_replicas` to have more",
    "spot_placer": "replicas go to the places of `resources` in turn; list the zones that you want in "
    "`resources.ordered`",
}
"""Keys of SkyServe's `replica_policy` that Nightshift does not have, and what to do about it."""


def policy_text(scaling: Scaling) -> str:
    """Return what status shows as AUTOSCALING_POLICY, in the original's words."""
    if scaling.is_fixed:
        return f"Fixed {_replicas(scaling.least)}"
    targets = []
    if scaling.target_qps_per_replica is not None:
        targets.append(f"target QPS per replica: {scaling.target_qps_per_replica:g}")
    if scaling.target_queue_s is not None:
        targets.append(f"target queue time: {scaling.target_queue_s:g} s")
    why = f" ({', '.join(targets)})" if targets else ""
    return f"Autoscaling from {scaling.least} to {_replicas(scaling.most)}{why}"


def _replicas(count: int) -> str:
    return f"{count} replica" if count == 1 else f"{count} replicas"
