"""The commands `nightshift serve ...`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightshift.control.serve.hiding import hide_env_values
from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.control.serve.contact import Controller

app = typer.Typer(
    name="serve",
    help="Run whole services across regions: launch, watch, repair, tear down; here and on clouds.",
    no_args_is_help=True,
)

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The service file; see examples/.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
_Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="K[=V]", help="An environment variable; without =V, this shell's value."),
]
_Async = Annotated[bool, typer.Option("--async", help="Return at once; `serve status` shows how it goes.")]


@app.command()
def up(
    file: _File,
    *,
    name: Annotated[
        str | None, typer.Option("--service-name", "-n", help="Its name; left out, the file's.")
    ] = None,
    yes: _Yes = False,
    env: _Env = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be launched, and end.")] = False,
    background: _Async = False,
    as_json: _Json = False,
) -> None:
    """Launch a service: replicas and load balancers in their regions, watched and repaired from then on.

    A controller runs it in the background, on this machine. For example:

    \b
        nightshift serve up examples/local-emulated.yaml -n demo
        nightshift serve up examples/aws-sglang-2x2.yaml -n svc1 -y --env HF_TOKEN
    """
    from nightshift.control.serve import launching, waiting
    from nightshift.control.serve.screen import Screen

    hide_env_values()
    screen = Screen(as_json=as_json)
    order = launching.read(file, name, env or (), os.environ)
    for note in order.notes:
        screen.note(note)
    if dry_run:
        launching.show_plan(screen, order)
        return
    if not yes:
        _can_ask(as_json=as_json)
        launching.show_plan(screen, order)
        _confirm(f"Launch service {order.name!r}?")
    controller = _controller()
    controller.begin(order.name, order.text, order.source, order.envs)
    if background:
        screen.say(f"{order.name} is being launched; `nightshift serve status` shows how it goes.")
        return
    launching.show_ready(screen, waiting.until_ready(controller, order.name, screen.progress))


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="A service; left out, all.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show policies, zones, and the load of each.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show units that have failed, too.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show services, their replicas and their load balancers."""
    from nightshift.control.serve.screen import Screen

    controller = _controller_if_any()
    services = [] if controller is None else controller.services(name)
    if controller is None and name is not None:
        raise UserError(f"no service {name!r}; none runs")
    Screen(as_json=as_json).show_status(services, verbose=verbose, everything=everything)


@app.command()
def update(
    name: Annotated[str, typer.Argument(help="The service.")],
    file: _File,
    *,
    mode: Annotated[
        str, typer.Option(help="How replicas are replaced: rolling, or blue_green (all anew, then switch).")
    ] = "rolling",
    yes: _Yes = False,
    env: _Env = None,
    background: _Async = False,
    as_json: _Json = False,
) -> None:
    """Change a service to what FILE says now, without losing a request.

    Replicas are replaced only if what they run has changed; limits, switches and keys reach balancers at
    once.
    """
    from nightshift.control.serve import launching, waiting
    from nightshift.control.serve.screen import Screen

    hide_env_values()
    if mode not in ("rolling", "blue_green"):
        raise UserError(f"--mode {mode}: choose rolling or blue_green")
    screen = Screen(as_json=as_json)
    order = launching.read(file, name, env or (), os.environ)
    for note in order.notes:
        screen.note(note)
    if not yes:
        _can_ask(as_json=as_json)
        launching.show_plan(screen, order)
        _confirm(f"Update service {name!r}?")
    controller = _controller()
    version = controller.update(name, order.text, order.source, order.envs, mode=mode)
    screen.say(f"{name}: version {version}")
    if not background:
        launching.show_ready(screen, waiting.until_ready(controller, name, screen.progress))


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="The service; or `controller`.")],
    unit: Annotated[
        str | None, typer.Argument(help="replica-3, balancer-1, or a unit's name; left out, the controller.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it ends.")] = False,
) -> None:
    """Show what a replica, a load balancer or the controller has written."""
    from nightshift.control.serve import launching

    if unit is None or service == "controller":
        launching.show_controller_log(follow=follow)
        return
    out = typer.get_binary_stream("stdout")
    for piece in _controller().logs(service, unit, follow=follow):
        out.write(piece)
        out.flush()


@app.command()
def down(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Services.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="All services, and the controller.")
    ] = False,
    yes: _Yes = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Forget what cannot be removed, after naming it.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """End services, and check that nothing of them remains."""
    from nightshift.control.serve.ending import end_all
    from nightshift.control.serve.screen import Screen

    if bool(names) == everything:
        raise UserError("name the services to end, or give --all")
    screen = Screen(as_json=as_json)
    controller = _controller() if _has_state() else None
    chosen = _chosen(controller, names or ())
    if chosen and not yes:
        _can_ask(as_json=as_json)
        _confirm(f"End {', '.join(chosen)}?")
    left = end_all(controller, chosen, screen, purge=purge, stop=everything)
    if left:
        raise typer.Exit(1)


@app.command("launch-systems")
def launch_systems(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The service file.")] = Path(
        "examples/aws-sglang-2x2.yaml"
    ),
    prefix: Annotated[str, typer.Option(help="Names are PREFIX1 to PREFIX6.")] = "svc",
    env: _Env = None,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Launch the six services of the benchmark, svc1 to svc6, from one file."""
    from nightshift.control.serve.launching import SYSTEMS, read
    from nightshift.control.serve.screen import Screen

    hide_env_values()
    screen = Screen(as_json=as_json)
    orders = [
        read(file, f"{prefix}{number}", [*(env or ()), *envs], os.environ)
        for number, envs in enumerate(SYSTEMS, 1)
    ]
    if not yes:
        _can_ask(as_json=as_json)
        _confirm(f"Launch {', '.join(order.name for order in orders)}?")
    controller = _controller()
    for order in orders:
        controller.begin(order.name, order.text, order.source, order.envs)
        screen.say(f"{order.name} is being launched")
    screen.say("`nightshift serve status -v` shows how it goes")


@app.command()
def schema() -> None:
    """Print the JSON schema of a service file, for editors."""
    from nightshift.control.serve.screen import Screen
    from nightshift.control.service.schema import service_schema

    Screen(as_json=True).show_json(service_schema())


@app.command("controller")
def controller_command(
    host: Annotated[str, typer.Option(help="Address of its API.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of its API; 0 takes any free one.")] = 0,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="NIGHTSHIFT_DATABASE",
            help="Another database than SQLite in the state folder.",
        ),
    ] = None,
) -> None:
    """Run the controller in the foreground (for systemd); otherwise commands start one when they need it."""
    from nightshift.control.controller.main import run
    from nightshift.control.controller.places import Places

    run(Places.usual(), database, host, port, stays=True)


def _controller() -> "Controller":
    from nightshift.control.controller.places import DATABASE, Places
    from nightshift.control.serve.contact import ensure

    return ensure(Places.usual(), database=os.environ.get(DATABASE))


def _has_state() -> bool:
    from nightshift.control.controller.places import Places

    return Places.usual().root.exists()


def _controller_if_any() -> "Controller | None":
    """Return the controller; None if there is none, and nothing that one would have to look after."""
    return _controller() if _has_state() else None


def _chosen(controller: "Controller | None", names: Sequence[str]) -> list[str]:
    """Return which services are meant. Raises `UserError` for one that there is not."""
    if controller is None:
        if names:
            raise UserError(f"no service {names[0]!r}; none runs")
        return []
    known = [service["name"] for service in controller.services()]
    for name in names:
        if name not in known:
            raise UserError(f"no service {name!r}; known: {', '.join(known) or 'there is none'}")
    return list(dict.fromkeys(names)) or known


def _can_ask(*, as_json: bool) -> None:
    """Raise `UserError` for a program, which nobody can ask: it says beforehand that it means it."""
    if as_json:
        raise UserError("--json asks nothing: give --yes as well")


def _confirm(question: str) -> None:
    if not os.isatty(0):
        raise UserError(f"{question} Nobody can be asked here: give --yes")
    typer.confirm(question, abort=True)
