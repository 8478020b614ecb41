"""What the commands are asked with: options that several of them take, declared once.

Typer reads a command's signature. `taking(Where)` puts the fields of `Where` there, in place of the command's
first parameter, which gets the `Where` made of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeVar

import typer

from nightshift.control.baselines.gke.options import Options, cluster_of
from nightshift.errors import UserError

C = TypeVar("C", bound=Callable[..., None])

_CLUSTERS = ("sglang-us:us-central1", "sglang-asia:asia-northeast1")
_BASE = Options(clusters=())

NODE_POOL = _BASE.node_pool
NodePool = Annotated[str, typer.Option(help="The node pool that is resized.")]
Nodes = Annotated[
    int | None, typer.Option(min=0, help="Nodes in each cluster. Default: as many as replicas.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The clusters."""

    project: Annotated[str | None, typer.Option(help="Google Cloud project. Default: gcloud's own.")] = None
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:LOCATION[:CONTEXT]",
            help="A cluster; the first holds the gateway. "
            "Default: sglang-us:us-central1 and sglang-asia:asia-northeast1.",
        ),
    ] = None
    namespace: Annotated[str, typer.Option(help="Kubernetes namespace.")] = _BASE.namespace

    def options(self, project: str, *, replicas: int, nodes: int | None) -> Options:
        """Return them as options. Raises `UserError` for a cluster that is not named as it should be."""
        clusters = tuple(cluster_of(text, project) for text in self.cluster or _CLUSTERS)
        for number, one in enumerate(clusters):
            if one in clusters[:number]:
                raise UserError(f"--cluster {one.name}:{one.location}: given twice; once for each cluster")
        return Options(
            clusters=clusters,
            project=project,
            namespace=self.namespace,
            replicas=replicas,
            nodes=replicas if nodes is None else nodes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Where):
    """The clusters, and what they serve: for `plan` and `up`."""

    replicas: Annotated[int, typer.Option(min=0, help="Replicas in each cluster.")] = _BASE.replicas
    nodes: Nodes = None
    model: Annotated[str, typer.Option(help="What the replicas serve.")] = _BASE.model
    image: Annotated[str, typer.Option(help="The engine's image.")] = _BASE.image
    accelerator: Annotated[str, typer.Option(help="The nodes' GPU, as GKE names it.")] = _BASE.accelerator
    node_pool: NodePool = NODE_POOL


def taking(asked: type[Where]) -> Callable[[C], Callable[..., None]]:
    """Let a command take the fields of `asked` as options."""

    def decorate(command: C) -> Callable[..., None]:
        ours = signature(asked, eval_str=True).parameters
        theirs = [*signature(command, eval_str=True).parameters.values()][1:]

        @wraps(command)
        def run(*arguments: Any, **given: Any) -> None:  # noqa: ANN401 - whatever the command takes
            command(asked(**{name: given.pop(name) for name in ours}), *arguments, **given)

        first = [parameter for parameter in theirs if parameter.kind is not Parameter.KEYWORD_ONLY]
        last = [parameter for parameter in theirs if parameter.kind is Parameter.KEYWORD_ONLY]
        del run.__wrapped__  # else its signature counts
        run.__signature__ = Signature([*first, *ours.values(), *last])  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in (*first, *ours.values(), *last)}
        return run

    return decorate
