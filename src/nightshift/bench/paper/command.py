"""`nightshift bench paper`: the evaluation of the paper, redone, in virtual time but for one part."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def paper_command(
    *,
    parts: Annotated[
        str | None,
        typer.Option(
            help="Names of parts or their beginnings, with commas: fig8,fig9,fig10,live. Default: all."
        ),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Repetitions of each part in virtual time.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the first repetition.")] = 0,
    output_dir: Annotated[
        Path, typer.Option(help="A folder for each part goes here, and results.md.")
    ] = Path("results/paper"),
    list_parts: Annotated[bool, typer.Option("--list", help="Print the parts and end.")] = False,
) -> None:
    """Redo Figures 8, 9 and 10 of the SkyWalker paper, and hold its claims against what comes.

    Replicas, clients and workloads are those of the paper; engines are emulated and time is virtual, but for
    the part `live`, which runs real processes beside the same in virtual time. An interrupted run goes on
    where it stopped. Ends with a table of claims, OUTPUT_DIR/results.md and the figures.
    """
    from nightshift.bench.paper.claims import judged
    from nightshift.bench.paper.plan import PARTS, Part, parts_named
    from nightshift.bench.paper.run import draw_figures, run_parts, summaries_in
    from nightshift.bench.paper.sentences import CLAIMS
    from nightshift.bench.paper.table import results_page

    chosen = parts_named(parts)
    if list_parts:
        for part in chosen:
            users = sum(region.users for region in part.regions)
            replicas = sum(region.replicas for region in part.regions)
            typer.echo(
                f"{part.name:22} {part.workload:12} {replicas:>2} replicas, {users:>3} users, "
                f"{part.time.value}: {part.systems}"
            )
        return

    def begin(number: int, part: Part) -> None:
        typer.echo(f"part {number} of {len(chosen)}: {part.name}", err=True)

    run_parts(
        chosen,
        repetitions=repeat,
        seed=seed,
        output_dir=output_dir,
        command=["nightshift", *sys.argv[1:]],
        begin=begin,
    )
    summaries = summaries_in(output_dir, PARTS)
    page = results_page(PARTS, summaries, judged(CLAIMS, summaries))
    path = output_dir / "results.md"
    path.write_text(page, encoding="utf-8")
    typer.echo(page)
    for figure in draw_figures(output_dir, PARTS, summaries):
        typer.echo(f"figure:  {figure}")
    typer.echo(f"results: {path}")
