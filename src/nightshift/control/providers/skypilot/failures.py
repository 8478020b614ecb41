"""Errors of SkyPilot in words to act on. Known by the name of their class: it is not imported here."""

import re

from nightshift.control.providers.base import ProviderError

_CHECK = "run `sky check`, which says what each cloud lacks"
_PERMANENT = {
    "NoCloudAccessError": _CHECK,
    "InvalidCloudCredentials": _CHECK,
    "InvalidCloudConfigs": _CHECK,
    "CloudUserIdentityError": _CHECK,
    "ClusterOwnerIdentityMismatchError": "use the account that launched it",
    "PermissionDeniedError": "ask the administrator of the SkyPilot API server",
    "NoWorkspaceAccessError": "ask the administrator of the SkyPilot API server",
    "UserRequestRejectedByPolicy": "ask the administrator of the SkyPilot API server",
    "ResourcesMismatchError": "take the cluster down: `sky down`",
    "NotSupportedError": "change the resources in the service file",
    "ProvisionUnsupportedError": "change the resources in the service file",
    "InvalidSkyPilotConfigError": "mend ~/.sky/config.yaml",
    "ApiServerAuthenticationError": "run `sky api login`",
    "APIVersionMismatchError": "run `sky api stop; sky api start`",
}
_PASSING = {
    "ApiServerConnectionError": "run `sky api start`, or `sky api login` for a server elsewhere",
    "ServerTemporarilyUnavailableError": "it is tried again",
    "KubeAPIUnreachableError": "see whether `kubectl get nodes` works with this context",
    "ClusterDoesNotExist": "its machine is gone: preempted, or ended by hand",
    "ClusterNotUpError": "its machine is being made, or on its way out",
    "RequestCancelled": "somebody cancelled it",
    "CommandError": "see the unit's log",
}
_NO_ACCESS = re.compile(r"invalid cloud c(?:redentials|onfig)|which is not enabled")
_QUOTA_OF_ZERO = re.compile(r"(?i)limit(?:\s+of|:|\s+is)?\s*0(?:\.0+)?(?!\.?\d)|found no quota")
_QUOTA = re.compile(r"(?i)quota|vcpulimit|limitexceeded|limit exceeded|countexceeded")
_FORBIDDEN = re.compile(r"UnauthorizedOperation|AuthFailure|AccessDenied|PERMISSION_DENIED|Forbidden")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def provider_error(unit: str, error: BaseException) -> ProviderError:
    """Return what an error of SkyPilot means for a unit."""
    said, permanent = _meaning(error)
    return ProviderError(f"{unit}: {said}", permanent=permanent)


def is_kind(error: BaseException, name: str) -> bool:
    """Tell whether an error is of SkyPilot's class `name`."""
    return any(cls.__name__ == name for cls in type(error).__mro__)


def _meaning(error: BaseException) -> tuple[str, bool]:
    reasons = list(getattr(error, "reasons", ()))
    if is_kind(error, "ProvisionPrechecksError") and reasons:
        return _meaning(reasons[0])  # it says nothing itself
    text = _in_short(error)
    if is_kind(error, "ResourcesUnavailableError") and not is_kind(error, "KubeAPIUnreachableError"):
        return _unavailable(error, text)
    for known, permanent in ((_PERMANENT, True), (_PASSING, False)):
        for cls in type(error).__mro__:
            if cls.__name__ in known:
                return f"{text}; {known[cls.__name__]}", permanent
    return text, isinstance(error, ValueError)  # SkyPilot's word for what is wrong in a task


def _unavailable(error: BaseException, text: str) -> tuple[str, bool]:
    history = list(getattr(error, "failover_history", ()))
    everything = " ".join([text, *map(str, history)])
    if _NO_ACCESS.search(everything):
        return f"SkyPilot may not use the cloud: {_last(history, text)}; {_CHECK}", True
    if _FORBIDDEN.search(everything):
        return f"the cloud forbids it: {_last(history, text)}; give the account the permission", True
    if _QUOTA_OF_ZERO.search(everything):
        return f"the quota for this machine is zero: {_last(history, text)}; ask the cloud for a quota", True
    if _QUOTA.search(everything):
        return f"the quota is used up: {_last(history, text)}; end something, or ask for more", False
    if not history:
        return f"no cloud offers what is asked for: {text}; change `resources` in the service file", True
    return f"no such machine is free now: {_last(history, text)}; add regions or zones", False


def _last(history: list[object], text: str) -> str:
    return _in_short(history[-1]) if history else text


def _in_short(error: object) -> str:
    lines = [line.strip() for line in _COLOUR.sub("", str(error)).splitlines()]
    text = " ".join(line for line in lines if line) or type(error).__name__
    return text if len(text) <= 400 else f"{text[:400]} ..."
