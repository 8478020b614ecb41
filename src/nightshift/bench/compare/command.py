"""`nightshift bench compare`: several systems on the same work, a table and a report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightshift.bench.compare.account import account
from nightshift.bench.compare.timing import Time
from nightshift.bench.measures import DEFAULT_SLO, SLO_HELP
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine
from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.compare.experiment import Experiment
    from nightshift.bench.compare.options import Options


def compare(
    *,
    systems: Annotated[
        list[str] | None,
        typer.Option(
            "--systems",
            "--run-systems",
            metavar="SYSTEM...",
            help="Numbers, ranges, suffixes, names of sets: 0-6, 0 5, nightshift, paper; `nightshift bench "
            "systems` lists them. Default: 0-6.",
        ),
    ] = None,
    workload: Annotated[str | None, typer.Option(help="What the users ask. Default: arena_syn.")] = None,
    extra_args: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="What users of all regions ask: flags of `nightshift bench client`.",
        ),
    ] = None,
    regions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION...",
            help="REGION=REPLICAS:USERS, or REGION alone with --num-users in --extra-args. A central "
            "balancer stands in the first. Default: us-east-2=2:60 ap-northeast-1=2:30.",
        ),
    ] = None,
    region_to_args: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Region -> its own flags, beside --extra-args. Or --regions."),
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(min=0, help="Replicas of a region that does not say. Default: 2.")
    ] = None,
    data_set: Annotated[
        str | None,
        typer.Option(help="Whose statistics conversations have: sharegpt, arena, lmsys-chat-1m."),
    ] = None,
    num_users: Annotated[
        int | None, typer.Option(min=1, help="Users of each region, whatever --regions says.")
    ] = None,
    num_conv: Annotated[
        int | None, typer.Option(min=1, help="Conversations to draw from in a region.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=1, help="Seconds for each system, in the emulated world.")
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds at the start, marked and left out of figures."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed: same conversations, same choices. Default: 0.")
    ] = None,
    repeat: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Repetitions. Each has a seed of its own, SEED, SEED + 1, ..., that all systems share, and "
            "its own order of systems. Default: 1.",
        ),
    ] = None,
    time: Annotated[
        Time | None,
        typer.Option(
            help="virtual: no processes but the same decisions and engine model on a queue of events; "
            "results are marked as simulated. Default: live.",
        ),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=50,
            help="Run the emulated world this many times faster than real. What balancers and clients cost "
            "weighs that much more in it. Default: 6.",
        ),
    ] = None,
    engine: Annotated[Engine | None, typer.Option(help="What the replicas run. Default: emulated.")] = None,
    profile: Annotated[
        str | None,
        typer.Option(help=f"Device and model of emulated replicas. Default: {DEFAULT_PROFILE}."),
    ] = None,
    jitter_ms: Annotated[
        float | None, typer.Option(min=0, help="Jitter of the emulated WAN, one way. Default: 0.")
    ] = None,
    service_names: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME...",
            help="Measure services of `nightshift serve` that are up: one for each system but 6, in the "
            "order of --systems.",
        ),
    ] = None,
    endpoints: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SYSTEM/]REGION=HOST:PORT...",
            help="Measure systems that are up, one after another, each at the endpoints of the regions.",
        ),
    ] = None,
    gke_endpoint: Annotated[
        str | None, typer.Option(help="HOST:PORT of GKE's gateway, for system 6.")
    ] = None,
    exp_name: Annotated[
        str | None,
        typer.Option(help="Name of the experiment and its folder. Must be new, or resumed."),
    ] = None,
    output_dir: Annotated[Path, typer.Option(help="Where the folder of results goes.")] = Path("results"),
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[FOLDER]",
            help="Go on with an experiment where it stopped: a folder, or alone with --exp-name.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Print what would be run and how long it takes.")] = False,
    slo: Annotated[str | None, typer.Option(help=f"{SLO_HELP} Default: {DEFAULT_SLO.text}")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the table.")] = False,
) -> None:
    """Run the same work on several systems, each on a fresh, cold fleet of this machine.

    Regions are processes, with an emulated WAN between them. System 0 is the real sglang-router, 6 an
    emulation of the GKE multi-cluster gateway, the others are presets of Nightshift's own switches. With
    --service-names or --endpoints clients ask what is up already. Ends with a table, and in
    OUTPUT_DIR/EXP_NAME with summary.json, figures, every request's record and one self-contained
    report.html. Exits with 1 if a run broke off; what it measured is kept, and --resume makes it again.
    """
    from nightshift.bench.compare.options import Options
    from nightshift.bench.compare.plan_text import plan_lines
    from nightshift.bench.compare.run import run_experiment, write_pictures

    options = Options(
        systems=systems,
        workload=workload,
        extra_args=extra_args,
        regions=regions,
        region_to_args=region_to_args,
        replicas=replicas,
        data_set=data_set,
        num_users=num_users,
        num_conv=num_conv,
        duration=duration,
        warmup=warmup,
        seed=seed,
        repeat=repeat,
        time=time,
        speed=speed,
        engine=engine,
        profile=profile,
        jitter_ms=jitter_ms,
        service_names=service_names,
        endpoints=endpoints,
        gke_endpoint=gke_endpoint,
        slo=slo,
    )
    options, experiment = _chosen(options, exp_name, output_dir, resume)
    if dry_run:
        experiment.check()
        for line in plan_lines(experiment):
            typer.echo(line)
        return
    _require_extra()
    summary = run_experiment(experiment, ["nightshift", *sys.argv[1:]], options.given())
    report = write_pictures(experiment)
    _print(experiment, summary, report, as_json=json)
    if any(row.get("state") not in (None, "finished") for row in summary["systems"]):
        raise typer.Exit(1)


def _chosen(
    options: "Options", exp_name: str | None, output_dir: Path, resume: str | None
) -> tuple["Options", "Experiment"]:
    """Return what to run: a new experiment, or one that is there. Raises `UserError`."""
    from nightshift.bench.compare.building import experiment_of
    from nightshift.bench.compare.options import resumed
    from nightshift.bench.compare.run import in_a_new_folder
    from nightshift.bench.compare.run_file import read_run

    if resume is None:
        experiment = experiment_of(options, name=exp_name, output_dir=output_dir)
        if exp_name is None:
            return options, in_a_new_folder(experiment)
        if experiment.folder.exists():
            raise UserError(
                f"{experiment.folder} is there already: go on with it by --resume, or choose another "
                "--exp-name"
            )
        return options, experiment
    if resume and exp_name:
        raise UserError("give --resume a folder, or --exp-name and --resume alone")
    if not (resume or exp_name):
        raise UserError("--resume what? Give its folder, or --exp-name")
    folder = Path(resume) if resume else output_dir / str(exp_name)
    options = resumed(read_run(folder).get("options") or {}, options, folder)
    return options, experiment_of(options, name=folder.resolve().name, output_dir=folder.resolve().parent)


def _require_extra() -> None:
    """Notice before the run, and not after it, that figures cannot be drawn."""
    import importlib.util

    missing = [name for name in ("matplotlib", "numpy") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"the benchmark needs {' and '.join(missing)}; "
            f"run `{sys.executable} -m pip install {' '.join(missing)}`"
        )


def _print(experiment: "Experiment", summary: dict[str, Any], report: Path, *, as_json: bool) -> None:
    import orjson

    from nightshift.bench.report import print_summary

    if as_json:
        typer.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
        return
    print_summary(summary)
    for line in account(summary):
        typer.echo(line)
    typer.echo(f"\nsummary: {experiment.folder / 'summary.json'}\nreport:  {report}")
