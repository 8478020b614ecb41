"""`nightshift bench validate`: how far the engine model is from a real engine, on the same requests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.trust.validation import Outcome, Trial


def validate_command(
    *,
    engine: Annotated[
        str, typer.Argument(help="The real engine: URL, host:port, or llama.cpp to start one here.")
    ] = "llama.cpp",
    out: Annotated[Path, typer.Option(help="Folder for the profile, all records and summary.json; new.")],
    profile: Annotated[
        Path | None, typer.Option(help="A profile that `engine fit` wrote. Default: fit one first.")
    ] = None,
    users: Annotated[
        str, typer.Option(help="Numbers of users, with commas between: alone, at its slots, above them.")
    ] = "1,4,8",
    workload: Annotated[str, typer.Option(help="What they ask.")] = "arena_syn",
    data_set: Annotated[str, typer.Option(help="Whose statistics conversations have.")] = "arena",
    duration: Annotated[float, typer.Option(min=5, help="Seconds for each number of users.")] = 150.0,
    model: Annotated[str | None, typer.Option(help="Default: the first that /v1/models lists.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same conversations, same probes.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the table.")] = False,
) -> None:
    """Run the same requests on a real engine and on the model of it, and say how far they are apart.

    Error of a time: |model - measured| / measured, over requests that both answered; hit rate: points between
    the two. Have the engine to yourself; on a busy machine one measures the machine.

    \b
    nightshift bench validate --out trust
    nightshift bench validate http://10.1.0.4:8000 --profile l4.json --users 1,16,64 --out trust-l4
    """
    import orjson

    from nightshift.bench.trust.screen import print_summary
    from nightshift.bench.trust.validation import Trial

    trial = Trial(workload, {"data_set": data_set, "duration": duration}, _numbers(users), str(seed))
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {out}: {error.strerror}; give --out a new one") from error
    path = profile or _fitted(engine, out / "profile.json", model, seed)
    outcomes = _run(engine, model, path, trial)
    summary = _summary(engine, path, trial, outcomes)
    _write(out, summary, outcomes)
    if json:
        typer.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
    else:
        print_summary(summary)
        typer.echo(f"summary: {out / 'summary.json'}")


def _numbers(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise UserError(f"--users {text!r}: give whole numbers above 0 with commas between, such as 1,4,8")
    return found


def _fitted(engine: str, path: Path, model: str | None, seed: int) -> Path:
    import asyncio

    import orjson

    from nightshift.bench.trust.fit_command import fitted

    def say(line: str) -> None:
        typer.echo(line, err=True)

    values, _fit = asyncio.run(fitted(engine, name=path.stem, model=model, seed=seed, say=say))
    path.write_bytes(orjson.dumps(values, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return path


def _run(engine: str, model: str | None, profile: Path, trial: "Trial") -> "list[Outcome]":
    from nightshift.backends.emulated.options import profile_named
    from nightshift.bench.trust.validation import validated

    def begin(users: int) -> None:
        typer.echo(f"{users} users for {trial.arguments['duration']:g} s", err=True)

    return validated(engine, model, profile_named(str(profile)), trial, begin)


def _summary(engine: str, profile: Path, trial: "Trial", outcomes: "list[Outcome]") -> dict[str, Any]:
    from nightshift import __version__
    from nightshift.bench.compare.machine import describe_machine
    from nightshift.bench.trust.validation import overall

    return {
        "engine": engine,
        "profile": str(profile),
        "workload": trial.workload,
        "workload_args": dict(trial.arguments),
        "seed": trial.seed,
        "machine": describe_machine(),
        "version": __version__,
        "users": [outcome.as_dict() for outcome in outcomes],
        "overall": overall(outcomes),
    }


def _write(out: Path, summary: dict[str, Any], outcomes: "list[Outcome]") -> None:
    import orjson

    from nightshift.bench.records import write_record

    (out / "summary.json").write_bytes(
        orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    for outcome in outcomes:
        for name, records in (("measured", outcome.measured), ("said", outcome.said)):
            with (out / f"{name}-{outcome.users}-users.jsonl").open("wb") as file:
                for record in records:
                    write_record(file, record)
