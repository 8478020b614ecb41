"""What `nightshift serve` prints: the original's three tables, or JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

_WIDTH = 200
_FEW_ROWS = 10

View = Mapping[str, Any]


class Screen:
    """Where the commands print: results to standard output, progress and notes to standard error."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = Console(soft_wrap=True, highlight=False, markup=False)
        self._out.width = max(self._out.width, _WIDTH)
        self.progress = Console(stderr=True, highlight=False, markup=False)

    def say(self, text: str) -> None:
        """Print a line for people; nothing where JSON is wanted."""
        if not self.as_json:
            self._out.print(text)

    def note(self, text: str) -> None:
        """Print a remark beside the results."""
        self.progress.print(text)

    def show_json(self, content: object) -> None:
        """Print JSON."""
        sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()

    def show_status(self, services: Sequence[View], *, verbose: bool, everything: bool) -> None:
        """Print all services with their replicas and balancers."""
        if self.as_json:
            self.show_json(list(services))
            return
        self._out.print("Services")
        if not services:
            self._out.print("No live services.")
            return
        self._out.print(_services(services, verbose=verbose))
        self._out.print("\nService Replicas")
        self._out.print(_units(services, "replicas", verbose=verbose, everything=everything))
        self._out.print("\nExternal Load Balancers")
        self._out.print(_units(services, "balancers", verbose=verbose, everything=everything))
        for service in services:
            if service["problem"]:
                self._out.print(f"\n{service['name']}: {service['problem']}")


def _services(services: Sequence[View], *, verbose: bool) -> Table:
    columns = ["NAME", "VERSION", "UPTIME", "STATUS", "REPLICAS", "EXTERNAL_LBS", "ENDPOINT"]
    if verbose:
        columns += ["AUTOSCALING_POLICY", "LOAD_BALANCING_POLICY", "REQUESTED_RESOURCES", "PREFIX_HITS"]
    table = _table(columns)
    for one in services:
        row = [
            one["name"],
            str(one["version"]),
            duration(one["uptime_s"]),
            one["status"],
            f"{one['replicas_ready']}/{one['replicas_total']}",
            f"{one['balancers_ready']}/{one['balancers_total']}",
            one["endpoint"],
        ]
        if verbose:
            row += [one["autoscaling_policy"], one["load_balancing_policy"], one["requested_resources"]]
            row.append(_cell("prefix_hit_rate", one["prefix_hit_rate"]))
        table.add_row(*row)
    return table


_COMMON = ("SERVICE_NAME", "ID", "VERSION", "ENDPOINT", "LAUNCHED", "RESOURCES", "STATUS", "REGION")
_LOAD = {
    "replicas": {
        "OUTSTANDING": "outstanding",
        "PENDING": "pending",
        "RUNNING": "running",
        "KV_USE": "kv_use",
    },
    "balancers": {
        "QUEUE": "queue",
        "OUTSTANDING": "outstanding",
        "ARRIVED": "arrived",
        "HANDED_OVER": "handed_over",
        "MATCHED": "matched",
    },
}


_SHARES = ("kv_use", "matched", "prefix_hit_rate")


def _units(services: Sequence[View], kind: str, *, verbose: bool, everything: bool) -> Table:
    load = _LOAD[kind]
    table = _table([*_COMMON, *(["ZONE", *load] if verbose else [])])
    rows = [
        (service["name"], unit)
        for service in services
        for unit in service[kind]
        if everything or not unit["gone"]
    ]
    shown = rows if verbose or everything else rows[:_FEW_ROWS]
    for name, unit in shown:
        cells = [
            name,
            str(unit["id"]),
            str(unit["version"]),
            "-" if unit["endpoint"] is None else f"{unit.get('scheme', 'http')}://{unit['endpoint']}",
            _ago(unit["launched"]),
            unit["resources"] or "-",
            unit["status"],
            unit["region"],
        ]
        if verbose:
            cells += [unit["zone"] or "-", *(_cell(key, unit.get(key)) for key in load.values())]
        table.add_row(*cells)
    if len(shown) < len(rows):
        table.add_row(f"... {len(rows) - len(shown)} more; -v shows all", *[""] * 7)
    return table


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _cell(key: str, value: object) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.0%}"
        if key in ("kv_use", "matched", "prefix_hit_rate") and isinstance(value, float)
        else str(value)
    )


def _ago(launched: float) -> str:
    return f"{duration(datetime.now(UTC).timestamp() - launched)} ago"


def duration(seconds: float) -> str:
    """Say a time in two units at most: `1h 40m`, `35s`."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size}{unit}")
            left %= size
    return " ".join(parts[:2])
