"""Machines that jobs are given to, one after another: the clients of the benchmark. All calls block.

A unit of the provider is one command on one machine; a client's machine outlives its jobs, as setting it up
takes minutes. So these calls are beside the provider, and share its tasks, names and words for errors.
"""

import io
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nightshift.control.providers.base import Kind, Order, ProviderError, Routing
from nightshift.control.providers.skypilot.sdk import Sky
from nightshift.control.providers.skypilot.source import Source
from nightshift.control.providers.skypilot.tasks import task_of

IDLE_MINUTES = 60
"""A machine without a job for so long ends by itself: a forgotten one shall not cost for weeks."""
_PATH = 'export PATH="$HOME/.nightshift/venv/bin:$HOME/.local/bin:$PATH"'


def machine_task(name: str, region: str, resources: Mapping[str, object], source: Source) -> dict[str, Any]:
    """Return the task that sets a client's machine up: 8 vCPUs or more, Nightshift with its benchmark."""
    order = Order(name, name, Kind.CLIENT, region, Routing(("true",), 0), resources)
    return task_of(order, source)


def job_task(name: str, command: str, envs: Mapping[str, str]) -> dict[str, Any]:
    """Return the task of a job: a shell command, with its environment as secrets."""
    task: dict[str, Any] = {"name": name, "run": f"{_PATH}\nexec {command}\n"}
    return task | ({"secrets": dict(envs)} if envs else {})


class SkyMachines:
    """See the head of the file. `sky` is the module, or a stand-in with its signatures."""

    def __init__(self, sky: Any) -> None:  # noqa: ANN401 - the module, or a test's stand-in
        self._module = sky
        self._sdk = sky.client.sdk
        self._sky = Sky(sky)

    def is_up(self, cluster: str) -> bool:
        """Whether a cluster is there and well."""
        there = self._sky.clusters([cluster]).get(cluster)
        return there is not None and str(there["status"].value) == "UP"

    def up(self, task: dict[str, Any], cluster: str) -> None:
        """Launch a cluster, or set it up anew; return when that is done."""
        made = self._module.Task.from_yaml_config(task)
        self._sdk.get(
            self._sdk.launch(
                made, cluster_name=cluster, idle_minutes_to_autostop=IDLE_MINUTES, down=True, fast=False
            )
        )

    def submit(self, task: dict[str, Any], cluster: str) -> None:
        """Give a job to a cluster; return when the cluster has it."""
        self._sdk.get(self._sdk.exec(self._module.Task.from_yaml_config(task), cluster_name=cluster))

    def state(self, cluster: str, name: str) -> str | None:
        """Return the state of the last job of a name, as SkyPilot calls it."""
        return self._sky.job(cluster, name)

    def log(self, cluster: str, name: str) -> str:
        """Return the log of the last job of a name; nothing if there is none."""
        job = self._last(cluster, name)
        stream = io.StringIO()
        if job is not None:
            self._sdk.tail_logs(cluster, job, False, output_stream=stream)
        return stream.getvalue()

    def cancel(self, cluster: str, name: str) -> None:
        """Cancel the last job of a name, if there is one."""
        job = self._last(cluster, name)
        if job is not None:
            self._sdk.get(self._sdk.cancel(cluster, job_ids=[job]))

    def down(self, cluster: str) -> None:
        """Take a cluster down, if it is there."""
        self._sky.down(cluster)

    def _last(self, cluster: str, name: str) -> int | None:
        jobs = self._sdk.get(self._sdk.queue(cluster, all_users=True))
        return max((int(job["job_id"]) for job in jobs if job["job_name"] == name), default=None)


def copy_from(cluster: str, there: str, here: Path) -> None:
    """Copy what is in a folder (below the home of the cluster's user) to `here`. Raises `ProviderError`.

    SkyPilot's SDK has no call for that. Its command `sky status` writes the cluster into ~/.ssh/config, and
    from then on it is a host like any other.
    """
    for argv in (["sky", "status", cluster], ["scp", "-q", "-r", f"{cluster}:{there}/.", str(here)]):
        if shutil.which(argv[0]) is None:
            raise ProviderError(f"there is no program {argv[0]} here; install it", permanent=True)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-400:]
            raise ProviderError(f"cannot copy {there} of {cluster}: {' '.join(argv[:2])} said: {said}")
