"""The commands `nightshift baseline gke ...`."""

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer

from nightshift.control.baselines.gke import running, steps
from nightshift.control.baselines.gke.manifests import manifests
from nightshift.control.baselines.gke.options import UNKNOWN_PROJECT, Options, cluster_of
from nightshift.errors import UserError

app = typer.Typer(
    name="gke",
    help="The multi-cluster gateway of Google Kubernetes Engine, before SGLang replicas in two clusters.",
    no_args_is_help=True,
)

_Project = Annotated[str | None, typer.Option(help="Google Cloud project. Default: gcloud's own.")]
_Cluster = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME:LOCATION[:CONTEXT]",
        help="A cluster; the first holds the gateway. "
        "Default: sglang-us:us-central1 and sglang-asia:asia-northeast1.",
    ),
]
_Namespace = Annotated[str, typer.Option(help="Kubernetes namespace.")]
_Replicas = Annotated[int, typer.Option(min=0, help="Replicas in each cluster.")]
_Nodes = Annotated[
    int | None, typer.Option(min=0, help="Nodes in each cluster. Default: as many as replicas.")
]
_Model = Annotated[str, typer.Option(help="What the replicas serve.")]
_Image = Annotated[str, typer.Option(help="The engine's image.")]
_Accelerator = Annotated[str, typer.Option(help="The nodes' GPU, as GKE names it.")]
_NodePool = Annotated[str, typer.Option(help="The node pool that is resized.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_CLUSTERS = ("sglang-us:us-central1", "sglang-asia:asia-northeast1")
_BASE = Options(clusters=())


@app.command()
def plan(
    *,
    project: _Project = None,
    cluster: _Cluster = None,
    namespace: _Namespace = _BASE.namespace,
    replicas: _Replicas = _BASE.replicas,
    nodes: _Nodes = None,
    model: _Model = _BASE.model,
    image: _Image = _BASE.image,
    accelerator: _Accelerator = _BASE.accelerator,
    node_pool: _NodePool = _BASE.node_pool,
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the manifests there.")] = None,
    as_json: _Json = False,
) -> None:
    """Print the commands and manifests that `up` would use, in order. Runs nothing."""
    options = replace(
        _options(project or UNKNOWN_PROJECT, cluster, namespace, replicas, nodes),
        model=model,
        image=image,
        accelerator=accelerator,
        node_pool=node_pool,
    )
    files = manifests(options)
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (write / name).write_text(running.as_yaml(content))
    shown = [(step, _shown(step, write)) for step in steps.set_up(options)]
    if as_json:
        listed = [{"what": step.what, "command": command} for step, command in shown]
        _json({"steps": listed, "manifests": files})
        return
    for step, command in shown:
        typer.echo(f"# {step.what}\n{command}\n")
    if write is None:
        for name, content in files.items():
            typer.echo(f"# {name}\n{running.as_yaml(content)}")


@app.command()
def up(
    *,
    project: _Project = None,
    cluster: _Cluster = None,
    namespace: _Namespace = _BASE.namespace,
    replicas: _Replicas = _BASE.replicas,
    nodes: _Nodes = None,
    model: _Model = _BASE.model,
    image: _Image = _BASE.image,
    accelerator: _Accelerator = _BASE.accelerator,
    node_pool: _NodePool = _BASE.node_pool,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Set the baseline up, step by step; what is done already is skipped. Prints the endpoint.

    The two clusters must exist. HF_TOKEN is stored in them as a Secret.
    """
    options = replace(
        _live(project, cluster, namespace, replicas, nodes),
        model=model,
        image=image,
        accelerator=accelerator,
        node_pool=node_pool,
    )
    _confirm(options, f"Run {replicas} replicas in each cluster", yes=yes)
    number = running.output(steps.project_number(options.project))
    options = replace(options, project_number=number)
    token = os.environ.get("HF_TOKEN")
    running.work_off(steps.set_up(options), manifests(options), token, _told)
    endpoint = f"http://{running.output(steps.address(options))}:80"
    if as_json:
        _json({"endpoint": endpoint})
    else:
        typer.echo(f"The gateway serves at {endpoint}/v1")


@app.command()
def status(
    *,
    project: _Project = None,
    cluster: _Cluster = None,
    namespace: _Namespace = _BASE.namespace,
    as_json: _Json = False,
) -> None:
    """Show each cluster's replicas and the gateway's address."""
    options = _live(project, cluster, namespace, 0, None)
    address = running.ask(steps.address(options))
    replicas = {one.name: running.state_of(steps.pods(options, one)) for one in options.clusters}
    endpoint = f"http://{address}:80" if address else None
    if as_json:
        _json({"endpoint": endpoint, "replicas": replicas})
        return
    typer.echo(f"gateway: {endpoint or 'no address yet'}")
    for name, state in replicas.items():
        typer.echo(f"{name}: {state}")


@app.command()
def scale(
    count: Annotated[int, typer.Argument(min=0, help="Replicas in each cluster.")],
    *,
    project: _Project = None,
    cluster: _Cluster = None,
    namespace: _Namespace = _BASE.namespace,
    nodes: _Nodes = None,
    node_pool: _NodePool = _BASE.node_pool,
) -> None:
    """Give every cluster COUNT replicas, and nodes for them."""
    options = replace(_live(project, cluster, namespace, count, nodes), node_pool=node_pool)
    running.work_off(steps.scale(options), {}, None, _told)


@app.command()
def down(
    *,
    project: _Project = None,
    cluster: _Cluster = None,
    namespace: _Namespace = _BASE.namespace,
    node_pool: _NodePool = _BASE.node_pool,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Remove what `up` made, too, and turn off what it turned on.")
    ] = False,
    yes: _Yes = False,
) -> None:
    """End all replicas and nodes, so that nothing costs; the rest stays for the next `up`.

    With --all everything of `up` is undone, but for the APIs and the clusters' Gateway API.
    """
    options = replace(_live(project, cluster, namespace, _BASE.replicas, None), node_pool=node_pool)
    _confirm(options, "Remove the baseline" if everything else "End all replicas and nodes", yes=yes)
    if everything:
        options = replace(options, project_number=running.output(steps.project_number(options.project)))
    todo = steps.remove(options) if everything else steps.down(options)
    running.work_off(todo, manifests(options), None, _told)


def _options(
    project: str, clusters: list[str] | None, namespace: str, replicas: int, nodes: int | None
) -> Options:
    return Options(
        clusters=tuple(cluster_of(text, project) for text in clusters or _CLUSTERS),
        project=project,
        namespace=namespace,
        replicas=replicas,
        nodes=replicas if nodes is None else nodes,
    )


def _live(
    project: str | None, clusters: list[str] | None, namespace: str, replicas: int, nodes: int | None
) -> Options:
    """Return options for commands that run: the project is known, and so are the clusters."""
    running.require_tools()
    project = project or running.ask(("gcloud", "config", "get-value", "project"))
    if not project or project == "(unset)":
        raise UserError("no Google Cloud project; give --project, or `gcloud config set project`")
    options = _options(project, clusters, namespace, replicas, nodes)
    running.require_contexts(options)
    return options


def _shown(step: steps.Step, directory: Path | None) -> str:
    file = "" if step.file is None else str((directory or Path()) / step.file)
    words = [file if word == "{file}" else word for word in step.command]
    return shlex.join(words) + (' <<< "$HF_TOKEN"' if step.reads_token else "")


def _confirm(options: Options, what: str, *, yes: bool) -> None:
    names = " and ".join(one.name for one in options.clusters)
    if not yes:
        typer.confirm(f"{what} of {names} (project {options.project})?", abort=True, err=True)


def _told(what: str, state: str) -> None:
    typer.echo(f"{what}: {state}", err=True)


def _json(content: object) -> None:
    sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
