"""Where the GKE baseline stands and what it serves. Defaults are the names of the benchmark's document."""

from dataclasses import dataclass

from nightshift.errors import UserError

UNKNOWN_PROJECT = "<your-project-id>"
UNKNOWN_NUMBER = "<your-project-number>"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A GKE cluster: VPC-native, a member of the fleet, with workload identity."""

    name: str
    location: str
    context: str
    """The name that kubectl knows it by."""


@dataclass(frozen=True, slots=True)
class Options:
    """See the head of the file. The first cluster holds the gateway's configuration."""

    clusters: tuple[Cluster, ...]
    project: str = UNKNOWN_PROJECT
    project_number: str = UNKNOWN_NUMBER
    namespace: str = "default"
    image: str = "lmsysorg/sglang:v0.4.5-cu124"
    """The engine's version of the benchmark, for CUDA 12.4."""
    model: str = "meta-llama/Llama-3.1-8B-Instruct"
    accelerator: str = "nvidia-l4"
    node_pool: str = "default-pool"
    replicas: int = 2
    """In each cluster."""
    nodes: int = 2
    """In each cluster's node pool; of a regional cluster, in each of its zones."""
    secret: str = "hf-token"  # noqa: S105 - its name
    """Holds the Hugging Face token under the key `token`."""
    timeout_s: int = 120
    """What a backend gets for a whole answer. The load balancer's own 30 s would cut long ones; 120 s is
    what the original's balancers gave."""

    @property
    def config(self) -> Cluster:
        """The cluster that holds the gateway."""
        return self.clusters[0]


def cluster_of(text: str, project: str) -> Cluster:
    """Read `NAME:LOCATION` or `NAME:LOCATION:CONTEXT`. Raises `UserError`."""
    name, _, rest = text.partition(":")
    location, _, context = rest.partition(":")
    if not name or not location:
        raise UserError(
            f"--cluster {text!r}: give NAME:LOCATION or NAME:LOCATION:CONTEXT, such as sglang-us:us-central1"
        )
    return Cluster(name, location, context or f"gke_{project}_{location}_{name}")
