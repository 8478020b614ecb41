"""`nightshift bench sweep`: a ladder of load for several systems, and the knee of each."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightshift.bench.compare.timing import Time
from nightshift.bench.sweep.kinds import LoadKind
from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.sweep.ladder import LadderStep


def sweep(
    *,
    loads: Annotated[
        str,
        typer.Option(help="The steps, with commas between: users of all regions, or factors of the rate."),
    ] = "15,30,60,90,120,180",
    load: Annotated[
        LoadKind,
        typer.Option(help="What grows: users, split over regions as --regions says; or an open loop's rate."),
    ] = LoadKind.USERS,
    systems: Annotated[str, typer.Option(help="As `compare` takes them, with commas between.")] = "0-6",
    workload: Annotated[str, typer.Option(help="What the users ask.")] = "arena_syn",
    extra_args: Annotated[str | None, typer.Option(help="Flags of the workload.", metavar="WORDS")] = None,
    regions: Annotated[
        str | None, typer.Option(help="REGION=REPLICAS:USERS, with commas between; users are a proportion.")
    ] = None,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds for each system and step.")] = None,
    warmup: Annotated[float | None, typer.Option(min=0, help="Seconds at the start, left out.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same work.")] = 0,
    repeat: Annotated[int, typer.Option(min=1, help="Repetitions of each step.")] = 1,
    time: Annotated[
        Time, typer.Option(help="virtual: simulated, and marked so; live: real processes.")
    ] = Time.VIRTUAL,
    speed: Annotated[
        float | None, typer.Option(help="With --time live: emulated seconds in a real one (6).")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Device and model of emulated replicas.")] = None,
    exp_name: Annotated[str, typer.Option(help="Name of the sweep's folder.")] = "sweep",
    output_dir: Annotated[Path, typer.Option(help="Where that folder goes.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print sweep.json instead of the knees.")] = False,
) -> None:
    """Compare systems at rising load; draw throughput, TTFT and hit rate over load, and mark each knee.

    Leaves OUTPUT_DIR/EXP_NAME with a result folder for each step, sweep.json, figures and report.html. The
    same call again goes on where it stopped. Virtual time is the default: a ladder is many runs.
    """
    from nightshift.bench.compare.building import experiment_of
    from nightshift.bench.compare.options import Options
    from nightshift.bench.compare.run import run_experiment
    from nightshift.bench.figures import write_figures
    from nightshift.bench.report import write_report
    from nightshift.bench.results import ResultFolder
    from nightshift.bench.sweep.ladder import ladder
    from nightshift.bench.sweep.run import run_sweep, write_pictures

    options = Options(
        systems=[systems],
        workload=workload,
        extra_args=extra_args,
        regions=None if regions is None else regions.split(","),
        duration=duration,
        warmup=warmup,
        seed=seed,
        repeat=repeat,
        time=time.value,
        speed=speed,
        profile=profile,
    )
    base = experiment_of(options, name=exp_name, output_dir=output_dir)
    steps = ladder(base, load, _numbers(loads))
    for step in steps:
        step.experiment.check()

    def begin(number: int, step: "LadderStep") -> None:
        typer.echo(f"[{number}/{len(steps)}] {step.load:g} {load.value}", err=True)

    command = ["nightshift", *sys.argv[1:]]
    found = run_sweep(base.folder, load, steps, run=run_experiment, command=command, begin=begin)
    for step in steps:
        results = ResultFolder(step.experiment.folder)
        write_figures(results)
        write_report(results)
    report = write_pictures(base.folder, found)
    _print(base.folder, found, report, as_json=json)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise UserError(f"--loads {text!r}: give numbers with commas between") from error


def _print(folder: Path, found: dict[str, object], report: Path, *, as_json: bool) -> None:
    from nightshift.bench.sweep.page import knee_text

    if as_json:
        typer.echo((folder / "sweep.json").read_text(encoding="utf-8"), nl=False)
        return
    systems = found["systems"]
    assert isinstance(systems, list)  # noqa: S101 - as `write_sweep` made it
    for row in systems:
        loads = [point["load"] for point in row["points"]]
        typer.echo(f"{row['legend']:32} knee ({found['load']}): {knee_text(row['knee'], loads)}")
    typer.echo(f"\nsummary: {folder / 'sweep.json'}\nreport:  {report}")
