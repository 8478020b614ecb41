"""The command `nightshift doctor`."""

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    url: Annotated[str, typer.Argument(help="The engine's address, such as http://10.1.0.4:8000.")],
    *,
    engine: Annotated[
        str, typer.Option(help="Which engine it is: vllm, sglang, tgi, llama.cpp, tensorrt-llm, triton.")
    ] = "auto",
    model: Annotated[str | None, typer.Option(help="Model to ask with --probe, if not the first.")] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also generate: four short requests. Without, it only reads.")
    ] = False,
    api_key: Annotated[
        str | None,
        typer.Option(help="The engine's key; better in the environment.", envvar="NIGHTSHIFT_ENGINE_API_KEY"),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file of the authority to trust.")] = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each answer.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask an engine what it offers a balancer, and say what to switch on.

    Ends with status 0 if nothing is missing, else with 1. It only reads unless --probe is given.
    """
    import asyncio
    import secrets
    from datetime import UTC, datetime

    from rich.console import Console

    from nightshift.backends.doctor import screen
    from nightshift.backends.doctor.examine import examine

    findings = asyncio.run(
        examine(
            url,
            engine=None if engine == "auto" else engine,
            model=model,
            api_key=api_key,
            ca_file=ca_file,
            timeout_s=timeout_s,
            nonce=secrets.token_hex(8) if probe else None,
            utc_now=lambda: datetime.now(UTC),
        )
    )
    if as_json:
        typer.echo(screen.as_json(findings))
    else:
        screen.show(findings, Console())
    if not findings.ok:
        raise typer.Exit(1)
