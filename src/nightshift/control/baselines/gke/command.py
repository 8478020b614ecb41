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
from nightshift.control.baselines.gke.asked import NODE_POOL, Baseline, NodePool, Nodes, Where, taking
from nightshift.control.baselines.gke.manifests import manifests
from nightshift.control.baselines.gke.options import UNKNOWN_PROJECT, Options
from nightshift.errors import UserError

app = typer.Typer(
    name="gke",
    help="The multi-cluster gateway of Google Kubernetes Engine, before SGLang replicas in two clusters.",
    no_args_is_help=True,
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
@taking(Baseline)
def plan(
    asked: Baseline,
    *,
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the manifests there.")] = None,
    as_json: _Json = False,
) -> None:
    """Print the commands and manifests that `up` would use, in order. Runs nothing."""
    options = _of(asked, asked.project or UNKNOWN_PROJECT)
    files = manifests(options)
    if write is not None:
        _write(write, files)
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
@taking(Baseline)
def up(
    asked: Baseline,
    *,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Set the baseline up, step by step; what is done already is skipped. Prints the endpoint.

    The two clusters must exist. HF_TOKEN is stored in them as a Secret.
    """
    options = _live(_of(asked, _project(asked)))
    _confirm(options, f"Run {asked.replicas} replicas in each cluster", yes=yes)
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
@taking(Where)
def status(
    where: Where,
    *,
    as_json: _Json = False,
) -> None:
    """Show each cluster's replicas and the gateway's address."""
    options = _live(where.options(_project(where), replicas=0, nodes=None))
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
@taking(Where)
def scale(
    where: Where,
    count: Annotated[int, typer.Argument(min=0, help="Replicas in each cluster.")],
    *,
    nodes: Nodes = None,
    node_pool: NodePool = NODE_POOL,
) -> None:
    """Give every cluster COUNT replicas, and nodes for them."""
    options = _live(where.options(_project(where), replicas=count, nodes=nodes))
    options = replace(options, node_pool=node_pool)
    running.work_off(steps.scale(options), {}, None, _told)


@app.command()
@taking(Where)
def down(
    where: Where,
    *,
    node_pool: NodePool = NODE_POOL,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Remove what `up` made, too, and turn off what it turned on.")
    ] = False,
    yes: _Yes = False,
) -> None:
    """End all replicas and nodes, so that nothing costs; the rest stays for the next `up`.

    With --all everything of `up` is undone, but for the APIs and the clusters' Gateway API.
    """
    options = _live(where.options(_project(where), replicas=0, nodes=None))
    options = replace(options, node_pool=node_pool)
    _confirm(options, "Remove the baseline" if everything else "End all replicas and nodes", yes=yes)
    if everything:
        options = replace(options, project_number=running.output(steps.project_number(options.project)))
    todo = steps.remove(options) if everything else steps.down(options)
    running.work_off(todo, manifests(options), None, _told)


def _write(folder: Path, files: running.Files) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(running.as_yaml(content))
    except OSError as error:
        raise UserError(f"--write {folder}: {error.strerror}; choose another folder") from error


def _of(asked: Baseline, project: str) -> Options:
    options = asked.options(project, replicas=asked.replicas, nodes=asked.nodes)
    return replace(
        options,
        model=asked.model,
        image=asked.image,
        accelerator=asked.accelerator,
        node_pool=asked.node_pool,
    )


def _project(where: Where) -> str:
    """Return the project for commands that run: the one that was named, or gcloud's."""
    running.require_tools()
    project = where.project or running.ask(("gcloud", "config", "get-value", "project"))
    if not project or project == "(unset)":
        raise UserError("no Google Cloud project; give --project, or `gcloud config set project`")
    return project


def _live(options: Options) -> Options:
    """Return options whose clusters kubectl knows. Raises `UserError` for others."""
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
