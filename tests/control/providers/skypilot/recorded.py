"""A SkyPilot that keeps its clusters in memory; every call must fit the real signature where SkyPilot is."""

import inspect
from enum import Enum
from types import SimpleNamespace
from typing import Any

import yaml


class State(Enum):
    """Of clusters and of jobs."""

    INIT = "INIT"
    UP = "UP"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    SETTING_UP = "SETTING_UP"
    FAILED_SETUP = "FAILED_SETUP"
    SUCCEEDED = "SUCCEEDED"
    CANCELLED = "CANCELLED"


class ClusterDoesNotExist(ValueError):  # noqa: N818
    """SkyPilot's, by name."""


class Recorded:
    """Stands in for the module `sky`; `calls` has what was asked, in order."""

    StatusRefreshMode = SimpleNamespace(NONE="NONE", FORCE="FORCE")

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.there: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, Any] = {}
        self.state_of: dict[str, str] = {}
        self.launches: dict[str, str] = {}
        """Of a request the cluster that it makes."""
        self.broken: dict[str, Exception] = {}
        """Of a call, or of a call and a cluster (`queue nightshift-svc-r1`), what it raises."""
        self.ports_open = True
        self.clouds = ["aws"]
        self.launch_error: Exception | None = None
        self.client = SimpleNamespace(sdk=_Sdk(self))
        self.Task = SimpleNamespace(from_yaml_config=dict)
        self.CLOUD_REGISTRY = SimpleNamespace(
            from_str=lambda _: SimpleNamespace(validate_region_zone=_region)
        )

    def finish(self, cluster: str) -> None:
        """Let a launch succeed."""
        self.there[cluster] |= {"status": State.UP, "job": State.RUNNING, "cluster_ever_up": True}
        self.state_of[self.there[cluster]["request"]] = "SUCCEEDED"

    def forget_requests(self) -> None:
        """Be an API server that was started anew."""
        self.state_of, self.launches = {}, {}

    def count(self, call: str) -> int:
        """Return how often something was called."""
        return sum(name == call for name, _ in self.calls)

    def fail(self, cluster: str, error: Exception, *, gone: bool) -> None:
        """Let a launch fail."""
        request = self.there[cluster]["request"]
        self.requests[request], self.state_of[request] = error, "FAILED"
        if gone:
            del self.there[cluster]

    def answer(self, value: Any, state: str = "SUCCEEDED") -> str:
        request = f"request-{len(self.requests)}"
        self.requests[request], self.state_of[request] = value, state
        return request


def _region(region: str | None, zone: str | None) -> None:
    if region == "mars-1":
        raise ValueError("Invalid region 'mars-1'")


class _Sdk:
    def __init__(self, world: Recorded) -> None:
        self._world = world

    def __getattribute__(self, name: str) -> Any:
        method = object.__getattribute__(self, name)
        if name.startswith("_"):
            return method
        world = object.__getattribute__(self, "_world")

        def call(*args: Any, **kwargs: Any) -> Any:
            _real(name).bind(*args, **kwargs)
            bound = inspect.signature(method).bind(*args, **kwargs).arguments
            world.calls.append((name, bound))
            about = bound.get("cluster_name", bound.get("cluster"))
            if error := world.broken.get(name) or world.broken.get(f"{name} {about}"):
                raise error
            return method(*args, **kwargs)

        return call

    def launch(self, task: Any, cluster_name: str, **how: Any) -> str:
        if self._world.launch_error:
            raise self._world.launch_error
        request = self._world.answer(None, "RUNNING")
        self._world.launches[request] = cluster_name
        self._world.there[cluster_name] = {
            "name": cluster_name,
            "status": State.INIT,
            "cluster_ever_up": False,
            "job": None,
            "request": request,
            "unit": task["name"],
            "region": task.get("resources", {}).get("region"),
            "last_creation_yaml": yaml.safe_dump({k: v for k, v in task.items() if k != "secrets"}),
            "log": f"log of {task['name']}\n",
            "resources_str": "1x(cpus=2)",
        }
        return request

    def status(self, cluster_names: list[str] | None = None, refresh: Any = None) -> str:
        wanted = [
            c for name, c in self._world.there.items() if cluster_names is None or name in cluster_names
        ]
        return self._world.answer(wanted)

    def queue(self, cluster_name: str, all_users: bool) -> str:
        cluster = self._world.there[cluster_name]
        jobs = [{"job_id": 7, "job_name": "somebody's", "status": State.FAILED}]
        if cluster["job"]:
            jobs.append({"job_id": 2, "job_name": cluster["unit"], "status": cluster["job"]})
        return self._world.answer(jobs + cluster.get("jobs", []))

    def exec(self, task: Any, cluster_name: str) -> str:
        jobs = self._world.there[cluster_name].setdefault("jobs", [])
        jobs.append({"job_id": 10 + len(jobs), "job_name": task["name"], "status": State.RUNNING})
        return self._world.answer((jobs[-1]["job_id"], None))

    def endpoints(self, cluster: str, port: int) -> str:
        return self._world.answer({port: f"10.0.0.1:{port}"} if self._world.ports_open else {})

    def get(self, request_id: str) -> Any:
        value = self._world.requests[request_id]
        if isinstance(value, Exception):
            raise value
        return value

    def api_status(self, request_ids: list[str] | None = None) -> list[Any]:
        world = self._world
        going_on = [r for r, state in world.state_of.items() if state in ("PENDING", "RUNNING")]
        return [
            SimpleNamespace(
                request_id=request,
                status=world.state_of[request],
                name="sky.launch" if request in world.launches else "sky.status",
                cluster_name=world.launches.get(request),
            )
            for request in (going_on if request_ids is None else request_ids)
            if request in world.state_of
        ]

    def tail_provision_logs(self, cluster_name: str, follow: bool, output_stream: Any) -> int:
        output_stream.write(f"making {cluster_name}\n")
        return 0

    def api_cancel(self, request_ids: list[str], silent: bool) -> str:
        self._world.state_of |= dict.fromkeys(request_ids, "CANCELLED")
        return self._world.answer(request_ids)

    def cancel(self, cluster_name: str, all: bool = False, job_ids: Any = None) -> str:  # noqa: A002
        cluster = self._world.there[cluster_name]
        for job in cluster.get("jobs", []):
            if job["job_id"] in (job_ids or ()):
                job["status"] = State.CANCELLED
        if not all:
            return self._world.answer(None)
        cluster["job"] = cluster["job"] and State.CANCELLED
        return self._world.answer(None)

    def down(self, cluster_name: str) -> str:
        if cluster_name not in self._world.there:
            return self._world.answer(ClusterDoesNotExist(cluster_name))
        del self._world.there[cluster_name]
        return self._world.answer(None)

    def tail_logs(self, cluster_name: str, job_id: Any, follow: bool, output_stream: Any) -> int:
        import threading

        at = 0
        while True:
            cluster = self._world.there.get(cluster_name)
            log = cluster["log"] if cluster else ""
            if log[at:]:
                output_stream.write(log[at:])
                at = len(log)
            if not follow or cluster is None or cluster["job"] is not State.RUNNING:
                return 0
            threading.Event().wait(0.02)

    def enabled_clouds(self) -> str:
        return self._world.answer(self._world.clouds)

    def check(self, infra_list: Any, verbose: bool) -> str:
        return self._world.answer({})


def _real(name: str) -> inspect.Signature:
    """The real signature; without SkyPilot one that takes anything."""
    try:
        from sky.client import sdk
    except ImportError:
        return inspect.signature(lambda *args, **kwargs: None)
    return inspect.signature(getattr(sdk, name))
