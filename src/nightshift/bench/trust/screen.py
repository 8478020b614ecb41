"""What `nightshift bench validate` prints."""

from typing import Any

_TITLES = (
    "users", "pairs", "E2E error p50 (p90)", "E2E p50 measured, said", "TTFT error p50",
    "TTFT p50 measured, said", "hit rate measured, said", "output token/s measured, said",
)  # fmt: skip


def print_summary(summary: dict[str, Any]) -> None:
    """Print a row for each number of users, one for all together, and the client's warnings."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{summary['engine']}: what the model says of it")
    for title in _TITLES:
        table.add_column(title, justify="right")
    for row in [*summary["users"], {"users": "all", **summary["overall"]}]:
        table.add_row(
            str(row["users"]),
            str(row["pairs"]),
            *_time_cells(row["e2e"], with_p90=True),
            *_time_cells(row["ttft"], with_p90=False),
            _pair(row["hit_rate_measured"], row["hit_rate_said"], "{:.1%}"),
            _pair(row.get("output_token_per_s_measured"), row.get("output_token_per_s_said"), "{:.1f}"),
        )
    console = Console()
    console.print(table)
    for row in summary["users"]:
        for warning in row["warnings"]:
            console.print(f"warning: {row['users']} users: {warning}", markup=False)


def _time_cells(deviation: dict[str, float] | None, *, with_p90: bool) -> tuple[str, str]:
    if deviation is None:
        return "–", "–"
    error = f"{deviation['error_p50']:.1%}" + (f" ({deviation['error_p90']:.1%})" if with_p90 else "")
    return error, f"{deviation['measured_p50_s']:.3f} s, {deviation['said_p50_s']:.3f} s"


def _pair(measured: float | None, said: float | None, shape: str) -> str:
    return "–" if measured is None or said is None else f"{shape.format(measured)}, {shape.format(said)}"
