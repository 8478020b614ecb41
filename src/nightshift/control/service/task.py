"""The part of a service file that is a SkyPilot task, as far as it is known here.

SkyPilot checks it, when it launches: what is not needed here passes through untouched. The keys are those of
SkyPilot 0.14; one that it does not know is an error before anything is launched.
"""

from pydantic import Field

from nightshift.control.checked import Strict

Anything = object


class Resources(Strict):
    """A machine, in SkyPilot's words."""

    infra: str | None = None
    """Cloud, region and zone in one: `aws/us-east-2`, `k8s/CONTEXT`."""
    cloud: str | None = None
    """`aws`, `gcp`, `kubernetes`, ..."""
    region: str | None = None
    """The region of the cloud; of Kubernetes the name of the context."""
    zone: str | None = None
    """A zone of the region."""
    accelerators: Anything = None
    """GPUs of each replica: `L4:1`, `{H100: 8}`."""
    instance_type: str | None = None
    """The cloud's name of the machine: `g6.4xlarge`."""
    cpus: str | int | float | None = None
    """vCPUs: `4`, or `16+` for at least so many."""
    memory: str | int | float | None = None
    """GiB of memory: `32`, or `32+`."""
    use_spot: bool | None = None
    """Take machines that may be taken away at any time, for less."""
    disk_size: str | int | None = None
    """GiB of disk."""
    disk_tier: str | None = None
    """`low`, `medium`, `high`, `ultra`, `best`."""
    network_tier: str | None = None
    """`standard` or `best`."""
    local_disk: str | None = None
    """Disks that come with the machine."""
    ports: str | int | list[str | int] | None = None
    """Ports to open. One: the engine's; several: say in `service.ports` which is the engine's."""
    image_id: Anything = None
    """Image of the machine, or `docker:IMAGE`."""
    labels: Anything = None
    """Labels of the machine."""
    accelerator_args: Anything = None
    """More of the accelerators (TPUs)."""
    job_recovery: Anything = None
    """Of managed jobs; a service has none."""
    max_hourly_cost: Anything = None
    """Most dollars in an hour."""
    volumes: Anything = None
    """Disks to attach."""
    ephemeral_storage: Anything = None
    """Older name of `disk_size`."""
    autostop: Anything = None
    """When an idle machine stops."""
    priority: Anything = None
    """Of the scheduler on Kubernetes."""
    priority_class: Anything = None
    """Of the scheduler on Kubernetes."""
    hooks: Anything = None
    """Commands at moments of a machine's life."""


class TaskResources(Resources):
    """The machines of replicas, and where they are."""

    ordered: list[Resources] | None = Field(None, min_length=1)
    """Where replicas go, in turn: each entry has a region, and what differs from the keys beside."""
    any_of: list[Resources] | None = Field(None, min_length=1)
    """The same, in the order of the entries' text."""


class Task(Strict):
    """A SkyPilot task with a `service` section."""

    name: str | None = None
    """The service's name; `-n NAME` replaces it."""
    resources: TaskResources | None = None
    """The machines of replicas, and their regions."""
    envs: dict[str, object] | None = Field(None, repr=False)
    """Variables of every replica, and for `$NAME` in `service`. One without a value must come by `--env`."""
    secrets: dict[str, object] | list[str] | None = Field(None, repr=False)
    """As `envs`, for what SkyPilot shall not show."""
    setup: str | None = None
    """Shell commands that prepare a fresh machine."""
    run: str | None = None
    """The shell command that starts the engine. Not needed with `service.engine`."""
    workdir: Anything = None
    """A folder, or repository, to copy to the machine."""
    num_nodes: int | None = None
    """Machines of one replica."""
    file_mounts: Anything = None
    """Files and buckets on the machine."""
    volumes: Anything = None
    """Volumes on the machine."""
    volume_mounts: Anything = None
    """Volumes on the machine."""
    managed_secrets: Anything = None
    """Secrets that SkyPilot's server keeps."""
    config: Anything = None
    """SkyPilot's own configuration for this task."""
    experimental: Anything = None
    """SkyPilot's."""
    event_callback: Anything = None
    """SkyPilot's."""
    inputs: Anything = None
    """SkyPilot's."""
    outputs: Anything = None
    """SkyPilot's."""
    api_server_access: Anything = None
    """SkyPilot's."""
    file_mounts_mapping: Anything = None
    """SkyPilot's."""
