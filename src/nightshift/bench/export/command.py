"""`nightshift bench export`: results for other people's tools."""

from pathlib import Path
from typing import Annotated

import typer

from nightshift.bench.measures.slo import SLO_HELP


def export_command(
    folder: Annotated[Path, typer.Argument(help="Result folder of `nightshift bench compare`.")],
    *,
    slo: Annotated[str | None, typer.Option(help=SLO_HELP + " Default: that of the run.")] = None,
) -> None:
    """Write each repetition in the formats of AIPerf and inference-perf, as `compare` does by itself.

    systems/SYSTEM/rep-K/profile_export.jsonl has a line for each request with AIPerf's fields, and region,
    balancer, replica and hops beside them; summary_lifecycle_metrics.json has inference-perf's layout.
    """
    from nightshift.bench.export.write import write_exports
    from nightshift.bench.measures import parse_slo
    from nightshift.bench.results import ResultFolder

    for path in write_exports(ResultFolder(folder), None if slo is None else parse_slo(slo)):
        typer.echo(path)
