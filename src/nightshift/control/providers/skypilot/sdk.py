"""The few calls of SkyPilot's public SDK that are used, with its requests waited for. All of them block."""

import io
import sys
from typing import Any, cast

from nightshift.control.providers.skypilot.failures import is_kind
from nightshift.errors import UserError

_LAUNCH = "sky.launch"
"""The name that SkyPilot's server gives to requests of `launch`."""


def load() -> Any:  # noqa: ANN401 - SkyPilot has no types for what its server answers
    """Return SkyPilot. Raises `UserError` where it is not installed."""
    try:
        import sky
    except ImportError as error:
        raise UserError(
            f"the provider skypilot needs SkyPilot, which the controller's {sys.executable} has not: "
            "pip install 'nightshift[sky]' (in a clone: '.[sky]') there; or, if another one has it, end this "
            "controller and start it from there"
        ) from error
    return sky


class Sky:
    """See the head of the file. `sky` is the module, or a stand-in with its signatures."""

    def __init__(self, sky: Any) -> None:  # noqa: ANN401 - the module, or a test's stand-in
        self._sky = sky
        self._sdk = sky.client.sdk

    def launch(self, task: dict[str, Any], cluster: str) -> str:
        """Begin a launch; return the id of the request."""
        return str(self._sdk.launch(self._sky.Task.from_yaml_config(task), cluster_name=cluster))

    def clusters(self, names: list[str] | None = None, *, refresh: bool = False) -> dict[str, Any]:
        """Return clusters by name, all of them or some; `refresh` asks the clouds, and takes seconds."""
        modes = self._sky.StatusRefreshMode
        mode = modes.FORCE if refresh else modes.NONE
        found = self._sdk.get(self._sdk.status(cluster_names=names, refresh=mode))
        return {str(cluster["name"]): cluster for cluster in found}

    def launching(self) -> dict[str, str]:
        """Return the launches that go on: cluster -> id of the request."""
        going_on = self._sdk.api_status()
        return {
            str(request.cluster_name): str(request.request_id)
            for request in going_on
            if request.name == _LAUNCH and request.cluster_name
        }

    def job(self, cluster: str, name: str) -> str | None:
        """Return the state of a cluster's last job of a name; None if it has none."""
        jobs = self._sdk.get(self._sdk.queue(cluster, all_users=True))
        ours = [job for job in jobs if job["job_name"] == name]
        return str(max(ours, key=lambda job: job["job_id"])["status"].value) if ours else None

    def endpoint(self, cluster: str, port: int) -> str:
        """Return `host:port` at which a port of a cluster is reached."""
        found = self._sdk.get(self._sdk.endpoints(cluster, port))
        return str(found.get(port, found.get(str(port), ""))).rpartition("://")[2].rstrip("/")

    def request(self, request: str) -> str:
        """Return the state of a request: PENDING, WAITING, RUNNING, SUCCEEDED, FAILED, CANCELLED or ``."""
        found = self._sdk.api_status(request_ids=[request])
        return str(found[0].status) if found else ""

    def failure(self, request: str) -> Exception | None:
        """Return why a request that has ended failed."""
        try:
            self._sdk.get(request)
        except Exception as error:  # noqa: BLE001 - whatever it raised is the answer
            return error
        return None

    def abort(self, request: str) -> None:
        """Abort a request, if it runs."""
        self._sdk.get(self._sdk.api_cancel(request_ids=[request], silent=True))

    def cancel(self, cluster: str) -> None:
        """Cancel all jobs of a cluster."""
        self._sdk.get(self._sdk.cancel(cluster, all=True))

    def down(self, cluster: str) -> None:
        """Take a cluster down, and wait for it. One that is not there is down."""
        try:
            self._sdk.get(self._sdk.down(cluster))
        except Exception as error:  # its class is known by name only: SkyPilot may not be importable here
            if not is_kind(error, "ClusterDoesNotExist"):
                raise

    def log(self, cluster: str, stream: io.TextIOBase, *, follow: bool) -> None:
        """Write the log of a cluster's last job to `stream`."""
        self._sdk.tail_logs(cluster, None, follow, output_stream=stream)

    def launch_log(self, cluster: str, stream: io.TextIOBase, *, follow: bool) -> None:
        """Write the log of a cluster's launch to `stream`; nothing if there is none yet, or no such call."""
        tail = getattr(self._sdk, "tail_provision_logs", None)
        if tail is None:
            return
        try:
            tail(cluster, follow=follow, output_stream=stream)
        except Exception as error:  # as above
            if not (is_kind(error, "CommandError") or is_kind(error, "APINotSupportedError")):
                raise

    def enabled(self) -> set[str]:
        """Return the clouds that SkyPilot may use, in lower case."""
        return {str(cloud).lower() for cloud in self._sdk.get(self._sdk.enabled_clouds())}

    def check(self, cloud: str) -> None:
        """Look at the credentials of a cloud anew."""
        self._sdk.get(self._sdk.check((cloud,), verbose=False))

    def check_region(self, cloud: str, region: str | None, zone: str | None) -> None:
        """Raise ValueError for a region that a cloud does not have."""
        registry = cast(Any, self._sky.CLOUD_REGISTRY)
        registry.from_str(cloud).validate_region_zone(region, zone)
