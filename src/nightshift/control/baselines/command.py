"""The commands `nightshift baseline ...`: routers before a service's replicas, and the GKE gateway."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Protocol

import orjson
import typer

from nightshift.control.baselines.gke.command import app as gke_app
from nightshift.errors import UserError

app = typer.Typer(
    name="baseline",
    help="Launch what Nightshift is measured against.",
    no_args_is_help=True,
)
app.add_typer(gke_app, name="gke")


class RouterKind(StrEnum):
    """Routers of the benchmark."""

    SGLANG = "sglang-router"
    """System 0: the real SGLang router, port 9001."""
    PULL = "sglang-router-pull"
    """System 1: one balancer for all regions, port 9002."""
    VLLM = "vllm-router"
    """The real vllm-router, port 9003."""


class Controller(Protocol):
    """What these commands want of the controller (`control/serve/contact.py`). Raises `UserError`."""

    def services(self, name: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Return services as `serve status --json` shows them; each has its `baselines`."""

    def baseline(self, service: str, kind: str, *, wanted: bool) -> None:
        """Let a baseline stand before the replicas of a service, or not."""


_Kind = Annotated[RouterKind, typer.Argument(help="Which router.")]
_Service = Annotated[str, typer.Option("--service", help="Whose replicas it stands before.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def up(kind: _Kind, *, service: _Service) -> None:
    """Let a router stand before all replicas of a service, in its first region.

    The controller launches it once all replicas are ready; `nightshift baseline status` shows its endpoint.
    """
    _controller().baseline(service, kind.value, wanted=True)
    typer.echo(f"{kind.value} will stand before {service}; `nightshift baseline status` shows its endpoint.")


@app.command()
def status(*, service: str | None = None, as_json: _Json = False) -> None:
    """Show the routers that stand before services, and where they serve."""
    rows = list(_rows(_controller().services(service)))
    if as_json:
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    if not rows:
        typer.echo("no baseline is up")
    for row in rows:
        line = f"{row['service']}  {row['baseline']}  {row['status']}  {row['endpoint'] or '-'}"
        typer.echo(f"{line}  {row['problem']}".rstrip())


@app.command()
def down(kind: _Kind, *, service: _Service) -> None:
    """End a router. The service itself stays."""
    _controller().baseline(service, kind.value, wanted=False)
    typer.echo(f"{kind.value} will no longer stand before {service}.")


def _rows(services: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for service in services:
        for one in service.get("baselines", ()):
            yield {
                "service": service["name"],
                **{key: one.get(key) for key in ("baseline", "status", "endpoint")},
                "problem": one.get("problem") or "",
            }


def _controller() -> Controller:
    from nightshift.control.controller.places import Places
    from nightshift.control.serve.contact import ensure

    places = Places.usual()
    if not places.root.exists():
        raise UserError("no service runs; launch one with `nightshift serve up FILE -n NAME`")
    return ensure(places, database=os.environ.get("NIGHTSHIFT_DATABASE"))
