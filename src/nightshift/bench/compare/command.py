"""`nightshift bench compare`: several systems on the same work, a table and a report."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightshift.bench.measures import DEFAULT_SLO, SLO_HELP, parse_slo
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine
from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.compare.experiment import Experiment


@dataclass(frozen=True, slots=True)
class _Default:
    """What an engine is compared with when the user does not say otherwise."""

    systems: str
    regions: str
    data_set: str
    num_conv: int
    duration_s: float
    warmup_s: float
    speed: float


_DEFAULTS = {
    # Close to the knee of this fleet: see docs/decisions/0003-default-load.md.
    Engine.EMULATED: _Default("0-6", "us-east-2=2:60,ap-northeast-1=2:30", "sharegpt", 2000, 200, 20, 6),
    # One thread for each replica, two cores in all: small, and in real time.
    Engine.LLAMA_CPP: _Default("0,5", "us-east-2=1:2,ap-northeast-1=1:1", "arena", 50, 60, 0, 1),
}


def compare(
    *,
    systems: Annotated[
        str | None, typer.Option(help="Numbers, ranges, suffixes: 0-6, 0,5, nightshift. Default: 0-6.")
    ] = None,
    workload: Annotated[str, typer.Option(help="What the users ask.")] = "arena_syn",
    regions: Annotated[
        str | None,
        typer.Option(
            help="REGION=REPLICAS:USERS, with commas between. A central balancer stands in the first. "
            "Default: us-east-2=2:60,ap-northeast-1=2:30."
        ),
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
    seed: Annotated[int, typer.Option(help="Same seed: same conversations, same choices.")] = 0,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=50,
            help="Run the emulated world this many times faster than real. What balancers and clients cost "
            "weighs that much more in it. Default: 6.",
        ),
    ] = None,
    engine: Annotated[Engine, typer.Option(help="What the replicas run.")] = Engine.EMULATED,
    profile: Annotated[str, typer.Option(help="Device and model of emulated replicas.")] = DEFAULT_PROFILE,
    jitter_ms: Annotated[float, typer.Option(min=0, help="Jitter of the emulated WAN, one way.")] = 0.0,
    exp_name: Annotated[
        str | None,
        typer.Option(help="Name of the experiment and its folder."),
    ] = None,
    output_dir: Annotated[Path, typer.Option(help="Where the folder of results goes.")] = Path("results"),
    slo: Annotated[str, typer.Option(help=SLO_HELP)] = DEFAULT_SLO.text,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the table.")] = False,
) -> None:
    """Run the same work on several systems, each on a fresh, cold fleet of this machine.

    Regions are processes, with an emulated WAN between them. System 0 is the real sglang-router, 6 an
    emulation of the GKE multi-cluster gateway, the others are presets of Nightshift's own switches. Ends
    with a table, and in OUTPUT_DIR/EXP_NAME with summary.json, figures, every request's record and one
    self-contained report.html.
    """
    from nightshift.bench.compare.experiment import Experiment, parse_regions, parse_systems
    from nightshift.bench.compare.run import in_a_new_folder, run_experiment, write_pictures
    from nightshift.control.local.plan import WanPlan

    default = _DEFAULTS[engine]
    loads = parse_regions(regions or default.regions, num_users)
    duration_s = default.duration_s if duration is None else duration
    experiment = Experiment(
        name=exp_name or _name(workload, engine, [load.users for load in loads], duration_s),
        systems=parse_systems(systems or default.systems),
        regions=loads,
        workload=workload,
        workload_arguments={
            "num_conv": num_conv or default.num_conv,
            "data_set": data_set or default.data_set,
        },
        duration_s=duration_s,
        warmup_s=default.warmup_s if warmup is None else warmup,
        seed=seed,
        engine=engine,
        profile=profile,
        speed=default.speed if speed is None else speed,
        output_dir=output_dir,
        wan=WanPlan("aws-2025-05-29", jitter_ms=jitter_ms),
        slo=parse_slo(slo),
    )
    _require_extra()
    experiment = in_a_new_folder(experiment)
    summary = run_experiment(experiment, ["nightshift", *sys.argv[1:]])
    report = write_pictures(experiment)
    _print(experiment, summary, report, as_json=json)


def _name(workload: str, engine: Engine, users: list[int], duration_s: float) -> str:
    crowd = "_".join(str(number) for number in users)
    kind = "" if engine is Engine.EMULATED else "_llamacpp"
    return f"{workload}{kind}_u{crowd}_d{duration_s:g}"


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


def account(summary: dict[str, Any]) -> list[str]:
    """Return what the harness itself cost: the clients' CPU and lag, the relay's CPU and added delay."""
    rows = summary["systems"]
    cpu = max((row["client_cpu_share"] or 0.0 for row in rows), default=0.0)
    lag_ms = max((row["client_lag_p99_s"] or 0.0 for row in rows), default=0.0) * 1000
    lines = [f"clients: at most {cpu:.0%} of a core each, timer lag p99 {lag_ms:.1f} ms of the run's time"]
    if cpu > 0.7:
        lines.append(
            "warning: a client was near its own limit (70% of a core); its waiting is in the latencies"
        )
    late_s = max((row["client_late_s"] or 0.0 for row in rows), default=0.0)
    if late_s > 0:
        lines.append(
            f"warning: a client began {late_s:.1f} s late (real), with the clock running: its throughput is "
            "too low; close other programs and run again"
        )
    relays = [row["wan"] for row in rows if row["wan"]]
    if relays:
        late = max(relay["late_p99_ms"] for relay in relays)
        cost = max(relay["cpu_us_per_chunk"] or 0 for relay in relays)
        lines.append(
            f"WAN relay: {cost:.0f} µs CPU per chunk, deliveries at most {late:.1f} ms late at p99 (real)"
        )
    return lines
