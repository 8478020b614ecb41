"""What `up`, `status` and `down` print: tables for people, JSON for programs.

Progress goes to standard error, results to standard output.
"""

import contextlib
import dataclasses
import shlex
import sys
from collections.abc import Iterator, Sequence

import orjson
from rich.console import Console
from rich.table import Table

from nightshift.control.local.fleet import Progress
from nightshift.control.up.down import Ended
from nightshift.control.up.runs import Run
from nightshift.control.up.status import BalancerStatus, ReplicaStatus, ServiceStatus

_TABLE_WIDTH = 110
_ASK = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 20}


class Screen:
    """Where the commands print."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(soft_wrap=True, highlight=False)
        # A row that a narrow terminal folds can still be read and searched; one that is cut off cannot.
        self._out.width = max(self._out.width, _TABLE_WIDTH)
        self._status = Console(stderr=True)

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show which process has become healthy, as long as the block lasts or all are."""
        with self._status.status("starting") as status:

            def show(what: str, done: int, total: int) -> None:
                status.update(f"{done} of {total} healthy ({what})")
                if done == total:
                    status.stop()

            yield show

    def show_up(self, run: Run, *, detached: bool = False) -> None:
        """Print the endpoints, and how to ask the first."""
        if self._as_json:
            self._json(
                run.model_dump(include={"name", "system", "engine", "model", "endpoints", "wan_control"})
            )
            return
        self._out.print(f"{run.name} is up: {run.engine} engines, system {run.system}")
        for region, endpoint in run.endpoints.items():
            self._out.print(f"  {region:16} {endpoint}/v1")
        body = shlex.quote(orjson.dumps({"model": run.model, **_ASK}).decode())
        endpoint = next(iter(run.endpoints.values()))
        self._out.print(f"\ncurl {endpoint}/v1/chat/completions -d {body}\n", markup=False)
        self._out.print(f"`nightshift down {run.name}` ends it." if detached else "Ctrl-C ends it.")
        sys.stdout.flush()

    def show_status(self, services: Sequence[ServiceStatus]) -> None:
        """Print a service after the other, each with its replicas and balancers."""
        if self._as_json:
            self._json([service.model_dump() for service in services])
            return
        if not services:
            self._out.print("no service is up")
        for service in services:
            self._show_service(service)

    def _show_service(self, service: ServiceStatus) -> None:
        head = f"{service.name}: {service.state}, {service.engine} engines, system {service.system}"
        self._out.print(head, markup=False)
        if service.problem:
            self._out.print(service.problem, markup=False)
        for region, endpoint in service.endpoints.items():
            self._out.print(f"  {region:16} {endpoint}/v1")
        if service.replicas:
            self._out.print(_replica_table(service.replicas))
        if service.balancers:
            self._out.print(_balancer_table(service.balancers))

    def show_down(self, ended: Sequence[Ended]) -> None:
        """Print how each service ended."""
        if self._as_json:
            self._json([dataclasses.asdict(one) for one in ended])
            return
        if not ended:
            self._out.print("no service is up")
        for one in ended:
            how = "is down" if one.was_up else "was not up any more; what it left is removed"
            killed = f" (killed: {', '.join(one.killed)})" if one.killed else ""
            self._out.print(f"{one.name} {how}{killed}")

    def _json(self, content: object) -> None:
        sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()


def _replica_table(replicas: Sequence[ReplicaStatus]) -> Table:
    table = _table("replica", "region", "address", "state", "pending", "running", "KV use")
    for one in replicas:
        kv_use = "-" if one.kv_use is None else f"{one.kv_use:.0%}"
        counts = (_count(one.pending), _count(one.running), kv_use)
        table.add_row(one.id, one.region, one.address, one.state, *counts)
    return table


def _balancer_table(balancers: Sequence[BalancerStatus]) -> Table:
    table = _table("balancer", "region", "address", "state", "queue", "outstanding", "handed over")
    for one in balancers:
        counts = (_count(one.queue), _count(one.outstanding), _count(one.handed_over))
        table.add_row(one.id, one.region, one.address, one.state, *counts)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number >= 4 else "left", no_wrap=True)
    return table


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)
