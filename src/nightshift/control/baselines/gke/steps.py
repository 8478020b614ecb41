"""The commands that set the GKE baseline up, in order, and those that take it down. Pure.

Steps 0.B and 2.B of the benchmark's document. Each step says what it does, how one knows that it is done
already, and what undoes it. `{file}` in a command stands for a manifest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nightshift.control.baselines.gke.manifests import DEPLOYMENT, GATEWAY, ON_ALL, ON_CONFIG
from nightshift.control.baselines.gke.options import Cluster, Options

Command = tuple[str, ...]

APIS = (
    "container",
    "compute",
    "gkehub",
    "multiclusterservicediscovery",
    "multiclusteringress",
    "trafficdirector",
)


@dataclass(frozen=True, slots=True)
class Check:
    """A step is done when the command succeeds and its output has a line for each of `wants`, at least."""

    command: Command
    wants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """See the head of the file."""

    what: str
    command: Command
    done: Check | None = None
    """None: harmless to do again, so it is always done."""
    undo: Command | None = None
    """None: it is left, because others may rely on it or because nothing remains of it."""
    file: str | None = None
    """The manifest that `{file}` stands for."""
    reads_token: bool = False
    """Whether it is given the Hugging Face token on its standard input."""


def set_up(options: Options) -> list[Step]:
    """Return all steps, in order."""
    return [*_project(options), *_fleet(options), *_workload(options), *scale(options), *_ready(options)]


def down(options: Options) -> list[Step]:
    """Return what leaves the baseline in place without a pod or a node that costs something."""
    return [*_resize_pods(options, 0), *_resize_nodes(options, 0)]


def remove(options: Options) -> list[Step]:
    """Return what undoes `set_up`, last step first."""
    undos = [
        Step(f"Undo: {step.what}", step.undo, file=step.file)
        for step in reversed(set_up(options))
        if step.undo is not None
    ]
    return [*undos, *_resize_nodes(options, 0)]


def scale(options: Options) -> list[Step]:
    """Return what gives every cluster its nodes and replicas."""
    return [*_resize_nodes(options, options.nodes), *_resize_pods(options, options.replicas)]


def address(options: Options) -> Command:
    """Return the command that prints the gateway's IP address."""
    path = "jsonpath={.status.addresses[0].value}"
    return (*_kubectl(options, options.config), "get", "gateway", GATEWAY, "-o", path)


def pods(options: Options, cluster: Cluster) -> Command:
    """Return the command that prints `ready/wanted` replicas of a cluster."""
    path = "jsonpath={.status.readyReplicas}/{.spec.replicas}"
    return (*_kubectl(options, cluster), "get", "deployment", DEPLOYMENT, "-o", path)


def project_number(project: str) -> Command:
    """Return the command that prints a project's number."""
    return ("gcloud", "projects", "describe", project, "--format=value(projectNumber)")


def credentials(options: Options, cluster: Cluster) -> Command:
    """Return the command that makes a cluster known to kubectl."""
    return ("gcloud", "container", "clusters", "get-credentials", cluster.name, *_place(options, cluster))


def _place(options: Options, cluster: Cluster) -> Command:
    return (f"--location={cluster.location}", f"--project={options.project}")


def _kubectl(options: Options, cluster: Cluster) -> Command:
    return ("kubectl", f"--context={cluster.context}", f"--namespace={options.namespace}")


def _project(options: Options) -> Iterator[Step]:
    project = f"--project={options.project}"
    names = tuple(f"{api}.googleapis.com" for api in APIS)
    enabled = ("gcloud", "services", "list", "--enabled", project, "--format=value(config.name)")
    yield Step(
        "Enable the Google Cloud APIs",
        ("gcloud", "services", "enable", *names, project),
        Check(enabled, names),
    )
    clusters = ("gcloud", "container", "clusters")
    for cluster in options.clusters:
        place = _place(options, cluster)
        channel = "--format=value(networkConfig.gatewayApiConfig.channel)"
        yield Step(
            f"Enable the Gateway API on {cluster.name}",
            (*clusters, "update", cluster.name, *place, "--gateway-api=standard", "--quiet"),
            Check((*clusters, "describe", cluster.name, *place, channel), ("CHANNEL_STANDARD",)),
        )


def _fleet(options: Options) -> Iterator[Step]:
    project, fleet = f"--project={options.project}", ("gcloud", "container", "fleet")
    state = "--format=value(resourceState.state)"
    yield Step(
        "Enable multi-cluster services in the fleet",
        (*fleet, "multi-cluster-services", "enable", project),
        Check((*fleet, "multi-cluster-services", "describe", project, state), ("ACTIVE",)),
        (*fleet, "multi-cluster-services", "disable", project, "--quiet"),
    )
    # The document leaves this out; with workload identity the importer finds no network without it.
    importer = f"serviceAccount:{options.project}.svc.id.goog[gke-mcs/gke-mcs-importer]"
    yield _binding(options, "Let services be imported", importer, "roles/compute.networkViewer")
    membership = f"projects/{options.project}/locations/global/memberships/{options.config.name}"
    configured = "--format=value(spec.multiclusteringress.configMembership)"
    yield Step(
        f"Enable the multi-cluster gateway, with {options.config.name} as its config cluster",
        (*fleet, "ingress", "enable", f"--config-membership={membership}", project),
        Check((*fleet, "ingress", "describe", project, configured), (membership,)),
        (*fleet, "ingress", "disable", project, "--quiet"),
    )
    account = (
        f"serviceAccount:service-{options.project_number}@gcp-sa-multiclusteringress.iam.gserviceaccount.com"
    )
    yield _binding(options, "Let the gateway's controller manage clusters", account, "roles/container.admin")


def _binding(options: Options, what: str, member: str, role: str) -> Step:
    rest = (options.project, f"--member={member}", f"--role={role}", "--condition=None")
    projects = ("gcloud", "projects")
    members = (
        *projects,
        "get-iam-policy",
        options.project,
        "--flatten=bindings[].members",
        f"--filter=bindings.role:{role}",
        "--format=value(bindings.members)",
    )
    return Step(
        what,
        (*projects, "add-iam-policy-binding", *rest),
        Check(members, (member,)),
        (*projects, "remove-iam-policy-binding", *rest),
    )


def _workload(options: Options) -> Iterator[Step]:
    for cluster in options.clusters:
        kubectl = _kubectl(options, cluster)
        secret = ("secret", options.secret)
        yield Step(
            f"Store the Hugging Face token in {cluster.name}",
            (*kubectl, "create", "secret", "generic", options.secret, "--from-file=token=/dev/stdin"),
            Check((*kubectl, "get", *secret)),
            (*kubectl, "delete", *secret, "--ignore-not-found"),
            reads_token=True,
        )
    for file in ON_ALL:
        for cluster in options.clusters:
            yield _apply(options, cluster, file)
    for file in ON_CONFIG:
        yield _apply(options, options.config, file)


def _apply(options: Options, cluster: Cluster, file: str) -> Step:
    kubectl = _kubectl(options, cluster)
    return Step(
        f"Apply {file} to {cluster.name}",
        (*kubectl, "apply", "-f", "{file}"),
        Check((*kubectl, "diff", "-f", "{file}")),
        (*kubectl, "delete", "-f", "{file}", "--ignore-not-found"),
        file,
    )


def _resize_nodes(options: Options, nodes: int) -> Iterator[Step]:
    for cluster in options.clusters:
        yield Step(
            f"Give {cluster.name} {nodes} nodes",
            (
                "gcloud",
                "container",
                "clusters",
                "resize",
                cluster.name,
                f"--node-pool={options.node_pool}",
                f"--num-nodes={nodes}",
                *_place(options, cluster),
                "--quiet",
            ),
        )


def _resize_pods(options: Options, replicas: int) -> Iterator[Step]:
    for cluster in options.clusters:
        kubectl = _kubectl(options, cluster)
        wanted = (*kubectl, "get", "deployment", DEPLOYMENT, "-o", "jsonpath={.spec.replicas}")
        yield Step(
            f"Give {cluster.name} {replicas} replicas",
            (*kubectl, "scale", "deployment", DEPLOYMENT, f"--replicas={replicas}"),
            Check(wanted, (str(replicas),)),
        )


def _ready(options: Options) -> Iterator[Step]:
    for cluster in options.clusters:
        yield Step(
            f"Wait for the replicas of {cluster.name}",
            (*_kubectl(options, cluster), "rollout", "status", f"deployment/{DEPLOYMENT}", "--timeout=30m"),
        )
    yield Step(
        "Wait for the gateway",
        (
            *_kubectl(options, options.config),
            "wait",
            f"gateway/{GATEWAY}",
            "--for=condition=Programmed",
            "--timeout=15m",
        ),
    )
