"""`nightshift bench proxy`: what a request costs here and elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer


def proxy(
    *,
    parts: Annotated[
        str,
        typer.Option(help="What to measure: cells, memory, open-streams, choosing, processes; or all."),
    ] = "cells",
    full: Annotated[
        bool, typer.Option("--full", help="All cells (about 20 minutes), not the default ones.")
    ] = False,
    cells: Annotated[
        str | None, typer.Option(help="Only these cells, with commas between; a wrong name lists all.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(help="Only these contestants, such as nightshift,nginx; direct is always measured."),
    ] = None,
    repetitions: Annotated[
        int, typer.Option(min=1, help="Measurements of each contestant in each cell.")
    ] = 5,
    seconds: Annotated[
        float, typer.Option(min=0.05, help="How long each measurement asks; streams take 2 s.")
    ] = 0.6,
    prompts: Annotated[
        int, typer.Option(min=1_000, help="Distinct prompts of the part memory; the other routers get 30 %.")
    ] = 1_000_000,
    streams: Annotated[
        int, typer.Option(min=1, help="Streams of the part open-streams, as far as open files allow.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="Draws the order of contestants.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results/proxy"),
    peers_venv: Annotated[Path, typer.Option(help="Where the routers from PyPI are installed.")] = Path(
        ".venv-peers"
    ),
    install_peers: Annotated[
        bool,
        typer.Option(
            "--install-peers",
            help="Install sglang-router, smg, vllm-router, LiteLLM into --peers-venv, and end.",
        ),
    ] = False,
    docs: Annotated[
        Path | None,
        typer.Option(help="Put the tables of the run in OUTPUT into this page, and end.", metavar="PAGE"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the tables.")] = False,
) -> None:
    """Measure what this balancer costs beside sglang-router, smg, vllm-router, nginx, HAProxy and LiteLLM.

    All stand before the same stub engine on this machine and get the same traffic by turns, in an order drawn
    anew for each repetition. For each: CPU microseconds for a request or a streamed chunk, latency beyond
    asking the engine directly, memory, and failed requests. Compare within a run, not between runs: the
    machine differs more than the proxies do.

    Install the others once with --install-peers, nginx and HAProxy with `apt-get install nginx-light
    haproxy`; what is not here is left out, and said. Writes summary.json, raw.jsonl and tables.md to OUTPUT;
    parts that are not measured now stay there as they were measured before.
    """
    from nightshift.bench.proxy.cells import find_cells
    from nightshift.bench.proxy.contestants import find_contestants
    from nightshift.bench.proxy.docs import write_docs
    from nightshift.bench.proxy.parts import find_parts
    from nightshift.bench.proxy.peers import install
    from nightshift.bench.proxy.plan import Plan
    from nightshift.bench.proxy.progress import Progress
    from nightshift.bench.proxy.run import read_summary, run
    from nightshift.bench.proxy.tables import markdown

    if install_peers:
        install(peers_venv)
        typer.echo(f"installed in {peers_venv}")
        return
    if docs is not None:
        write_docs(docs, markdown(read_summary(output / "summary.json")))
        return
    plan = Plan(
        parts=find_parts(parts),
        cells=find_cells(cells, full=full),
        contestants=find_contestants(only),
        repetitions=repetitions,
        seconds=seconds,
        seed=seed,
        prompts=prompts,
        streams=streams,
        venv=peers_venv,
        output=output,
    )
    with Progress() as progress:
        summary = run(plan, progress)
    _print(summary, plan.parts, output, as_json=json)


def _print(summary: dict[str, Any], measured: tuple[str, ...], output: Path, *, as_json: bool) -> None:
    import orjson

    parts = [summary["parts"][name] for name in measured]
    for id_, why in {id_: why for part in parts for id_, why in part.get("skipped", {}).items()}.items():
        typer.echo(f"left out: {id_}: {why}", err=True)
    if as_json:
        typer.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console

    from nightshift.bench.proxy.table import WIDTH, rich_table
    from nightshift.bench.proxy.tables import all_tables

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    for table in all_tables(summary):
        console.print(rich_table(table))
    if "cells" in measured:
        _print_cells(summary["parts"]["cells"])
    typer.echo(f"summary: {output / 'summary.json'}")


def _print_cells(part: dict[str, Any]) -> None:
    load, share = part["load_average"], part["client_cpu_share"]
    typer.echo(
        f"load average {load['first']:.1f} before, at most {load['highest']:.1f}; "
        f"the load process took at most {share:.0%} of a core"
    )
    for row in ((cell, row) for cell in part["cells"] for row in cell["contestants"] if row["failed"]):
        typer.echo(
            f"failed: {row[0]['name']} {row[1]['id']}: {'; '.join(row[1]['problems']) or 'unfinished'}"
        )
