"""The commands `nightshift up`, `status` and `down`."""

from pathlib import Path
from typing import Annotated

import typer

_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def up(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The service file; see examples/.")],
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it is up; it runs on in the background.")
    ] = False,
    system: Annotated[
        str | None, typer.Option(metavar="S", help="Another system than the file's: number or name.")
    ] = None,
    port_base: Annotated[
        int | None, typer.Option(metavar="N", help="Ports N, N+1, ... for the regions, not the file's.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Start a service on this machine: engines, WAN links and balancers, one endpoint for each region.

    Runs until Ctrl-C, or with --detach until `nightshift down`. When anything dies, all of it ends, and the
    error names it. Try: nightshift up examples/local-emulated.yaml
    """
    from nightshift.control.up.screen import Screen
    from nightshift.control.up.up import Order, run

    order = Order(file, system, port_base)
    screen = Screen(as_json=as_json)
    if not detach:
        with screen.progress() as progress:
            run(order, on_up=screen.show_up, progress=progress)
        return
    from nightshift.control.up.supervisor import start_detached

    screen.show_up(start_detached(order), detached=True)


def status(
    name: Annotated[str | None, typer.Argument(help="A service; left out, all.")] = None,
    as_json: _Json = False,
) -> None:
    """Show what runs on this machine: each replica's load, each balancer's queue."""
    from nightshift.control.up.down import chosen
    from nightshift.control.up.screen import Screen
    from nightshift.control.up.status import status_of

    runs = chosen(name, everything=name is None)
    Screen(as_json=as_json).show_status(status_of(runs))


def down(
    name: Annotated[
        str | None, typer.Argument(help="A service; may be left out when only one is up.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="All services.")] = False,
    as_json: _Json = False,
) -> None:
    """End a service that `nightshift up` started, and check that none of its processes remains."""
    from nightshift.control.up.down import chosen, end
    from nightshift.control.up.screen import Screen

    screen = Screen(as_json=as_json)
    screen.show_down([end(run) for run in chosen(name, everything=everything)])
