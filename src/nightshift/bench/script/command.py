"""`nightshift bench gen-cmd`: writes the script that measures services which are up."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.script.asking import Asking
    from nightshift.bench.script.plan import Measured, Plan
    from nightshift.bench.script.systems import Chosen

View = Mapping[str, Any]


def gen_cmd(
    *,
    exp_name: Annotated[str, typer.Option(help="Name of the experiment, its script and its results.")],
    service_names: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME...",
            help="The services, one for each selected system but 6, in the order of the systems. "
            "HOST:PORT is an endpoint of something that is no service here.",
        ),
    ] = None,
    extra_args: Annotated[
        str, typer.Option(help="What users of all regions ask: flags of the workload.")
    ] = "",
    regions: Annotated[
        list[str] | None,
        typer.Option(metavar="REGION...", help="Regions of clients, all with the same flags."),
    ] = None,
    region_to_args: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Region -> its own flags, beside --extra-args. Or --regions."),
    ] = None,
    run_systems: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM...", help="Numbers, ranges or names. Default: 0-6.")
    ] = None,
    gke_endpoint: Annotated[
        str | None, typer.Option(help="HOST:PORT of GKE's gateway, for system 6.")
    ] = None,
    output_dir: Annotated[Path, typer.Option(help="Where script and results go.")] = Path("results"),
    reload_client: Annotated[bool, typer.Option(help="Set up anew the clients that are up.")] = False,
    together: Annotated[bool, typer.Option(help="All systems at once, as the original did.")] = False,
    keep_clients: Annotated[bool, typer.Option(help="Leave the clients up at the end.")] = False,
    provider: Annotated[
        str | None, typer.Option(help="Where clients run: local or skypilot. Default: where the services do.")
    ] = None,
    client_name: Annotated[str, typer.Option(help="Name of the set of clients.")] = "llmc",
    client_cloud: Annotated[str, typer.Option(help="Cloud of the clients, for skypilot.")] = "aws",
    dry_run: Annotated[bool, typer.Option(help="Print the script, and write nothing.")] = False,
) -> None:
    """Write a bash script that measures services which are up, from clients in several regions.

    The script brings clients up, gives each system its jobs in all regions at once, one system after another,
    waits, collects, and makes the report. Where services run here, clients do, behind the same emulated WAN;
    where they run on clouds, SkyPilot launches a machine in each region. For example:

    \b
        nightshift bench gen-cmd --service-names svc1 svc2 svc3 --run-systems 0 1 2 \\
            --exp-name try1 --regions us-east-2 ap-northeast-1 \\
            --extra-args '--workload arena_syn --duration 240 --num-conv 2000 --num-users 150'
    """
    from nightshift.bench.compare.experiment import parse_systems
    from nightshift.bench.script import plan as plans
    from nightshift.bench.script.asking import regions_of
    from nightshift.bench.script.systems import pair

    own = regions_of(regions or (), region_to_args)
    chosen = pair(parse_systems(",".join(run_systems or ["0-6"])), service_names or (), gke_endpoint)
    views = _views(chosen)
    where = provider or _provider_of(views)
    if where not in ("local", "skypilot"):
        raise UserError(f"--provider {where}: choose local or skypilot")
    asking = _asked(extra_args, own, views)
    measured, notes = _measured(chosen, views, list(own))
    plan = plans.in_a_new_place(
        plans.Plan(
            name=plans.checked_name(exp_name),
            provider=where,
            clients=client_name,
            resources={"cloud": client_cloud},
            asking=asking,
            systems=measured,
            output_dir=output_dir.absolute(),
            together=together,
            reload_client=reload_client,
            keep_clients=keep_clients,
            notes=notes,
        )
    )
    _write(plan, list(views.values()), dry_run=dry_run)


def _views(chosen: "Sequence[Chosen]") -> dict[str, View]:
    """Return what the controller says of the services. Raises `UserError` for an unknown one."""
    names = [one.service for one in chosen if one.service is not None]
    if not names:
        return {}
    from nightshift.control.controller.places import Places
    from nightshift.control.serve.contact import ensure

    places = Places.usual()
    if not places.root.exists():
        raise UserError(f"no service {names[0]!r}; none runs")
    known = {
        str(view["name"]): view
        for view in ensure(places, database=os.environ.get("NIGHTSHIFT_DATABASE")).services()
    }
    for name in names:
        if name not in known:
            raise UserError(f"no service {name!r}; known: {', '.join(known) or 'there is none'}")
    return {name: known[name] for name in names}


def _provider_of(views: Mapping[str, View]) -> str:
    found = {str(view["provider"]) for view in views.values()}
    if len(found) == 1:
        return found.pop()
    if found:
        raise UserError("services run here and on clouds; say by --provider where clients shall run")
    raise UserError("only endpoints are given; say by --provider where clients shall run: local or skypilot")


def _asked(extra_args: str, own: Mapping[str, str], views: Mapping[str, View]) -> "dict[str, Asking]":
    """Return what is asked where; clients run as fast as the emulated fleets do."""
    from nightshift.bench.script.asking import asked

    speeds = {float(view["engine"]["speed"]) for view in views.values()}
    if len(speeds) > 1:
        raise UserError(f"the services run at different speeds ({', '.join(map(str, sorted(speeds)))})")
    speed = speeds.pop() if speeds else 1.0
    return asked(extra_args, own, {"speed": f"{speed:g}"} if speed != 1 else {})


def _measured(
    chosen: "Sequence[Chosen]", views: Mapping[str, View], regions: Sequence[str]
) -> "tuple[tuple[Measured, ...], tuple[str, ...]]":
    from nightshift.bench.script.endpoints import check_whole, find_all
    from nightshift.bench.script.plan import Measured
    from nightshift.bench.script.systems import BASELINES, check

    measured, notes = [], []
    for one in chosen:
        if one.service is None:
            endpoint = str(one.endpoint)
            measured.append(Measured(one.system, dict.fromkeys(regions, endpoint), endpoint))
            continue
        view = views[one.service]
        check_whole(view)
        notes.append(check(one, view))
        endpoints, model = find_all(one, view, regions)
        baseline = BASELINES.get(one.system.suffix)
        watched = one.service if baseline is None else f"{one.service}/{baseline}"
        measured.append(Measured(one.system, endpoints, watched, model))
    return tuple(measured), tuple(note for note in notes if note)


def _write(plan: "Plan", views: Sequence[View], *, dry_run: bool) -> None:
    import orjson

    from nightshift.bench.script.bash import script_of
    from nightshift.bench.script.run_file import run_of

    run = orjson.dumps(
        run_of(plan, views, ["nightshift", *sys.argv[1:]]), option=orjson.OPT_INDENT_2
    ).decode()
    text = script_of(plan, run, _own_command())
    if dry_run:
        typer.echo(text, nl=False)
        return
    try:
        plan.script.parent.mkdir(parents=True, exist_ok=True)
        plan.script.write_text(text)
    except OSError as error:
        raise UserError(
            f"cannot write {plan.script}: {error.strerror}; choose another --output-dir"
        ) from error
    typer.echo(f"Generated execution script at {plan.script}")
    typer.echo(f"Run with: bash {shlex.quote(str(plan.script))}")


def _own_command() -> str:
    """Return the command that runs now, by its path, so that the script finds the same."""
    beside = Path(sys.executable).with_name("nightshift")
    return str(beside) if beside.exists() else shutil.which("nightshift") or "nightshift"
