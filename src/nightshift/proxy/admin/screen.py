"""What `nightshift admin` prints: tables and short blocks for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 110

_CANDIDATE = {
    "state": "state",
    "available": "available",
    "matched": "matched",
    "outstanding": "outstanding",
    "pending": "pending",
    "running": "running",
    "report_age_s": "report age",
    "rtt_s": "round trip",
    "score": "score",
}
"""Columns of the candidates, by field; one that nobody has is left out."""


class Screen:
    """Prints to standard output."""

    def __init__(self) -> None:
        self._out = Console(soft_wrap=True, highlight=False)
        # A row that a narrow terminal folds can still be read and searched; one that is cut off cannot.
        self._out.width = max(self._out.width, _WIDTH)

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self._out.print(line, markup=False)

    def state(self, state: Mapping[str, Any]) -> None:
        """Print the balancer, its replicas and its peers."""
        counts = f"{state['queue']} waiting, {state['outstanding']} outstanding"
        self.say(f"{state['name']} in {state['region']}: {counts}")
        self._targets("replica", state["replica"])
        self._targets("peer", state["peer"])

    def _targets(self, kind: str, targets: Mapping[str, Mapping[str, Any]]) -> None:
        if not targets:
            return
        flat = {id_: _flat(facts) for id_, facts in targets.items()}
        columns = list(dict.fromkeys(key for facts in flat.values() for key in facts))
        table = _table(kind, *(column.replace("_", " ") for column in columns))
        for id_, facts in flat.items():
            table.add_row(id_, *(_text(facts.get(column)) for column in columns))
        self._out.print()
        self._out.print(table)

    def decisions(self, decisions: Sequence[Mapping[str, Any]]) -> None:
        """Print a block for each decision: where it went, why, and who else could have had it."""
        if not decisions:
            self.say("no decision yet")
        for number, decision in enumerate(decisions):
            if number:
                self._out.print()
            self._decision(decision)

    def _decision(self, decision: Mapping[str, Any]) -> None:
        target = decision.get("target")
        where = f"{decision['action']} to {target}" if target else decision["action"]
        self.say(f"{decision['request_id']}, {decision['age_s']:.1f} s ago: {where}")
        why = decision.get("why") or decision["reason"]
        facts = [
            f"{name} {value}"
            for name, value in (
                ("model", decision.get("model")),
                ("matched", _share(decision.get("matched"))),
                ("queued", _seconds(decision.get("queued_s"))),
            )
            if value
        ]
        self.say(f"  {decision['reason']}: {why}" + (f" ({', '.join(facts)})" if facts else ""))
        candidates = decision.get("candidates") or ()
        if candidates:
            self._out.print(_candidates(candidates, target))

    def facts(self, facts: Mapping[str, Any], indent: int = 0) -> None:
        """Print plain data as an outline."""
        for key, value in facts.items():
            if isinstance(value, Mapping) and value:
                self.say(f"{' ' * indent}{key}:")
                self.facts(value, indent + 2)
            else:
                self.say(f"{' ' * indent}{key}: {_text(value)}")


def _candidates(candidates: Sequence[Mapping[str, Any]], target: str | None) -> Table:
    columns = [field for field in _CANDIDATE if any(one.get(field) is not None for one in candidates)]
    table = _table("  candidate", *(_CANDIDATE[field] for field in columns))
    for one in candidates:
        mark = "> " if one["id"] == target else "  "
        table.add_row(mark + one["id"], *(_candidate_text(field, one.get(field)) for field in columns))
    return table


def _candidate_text(field: str, value: object) -> str:
    if field == "matched":
        return _share(value) or "-"
    return (_seconds(value) or "-") if field.endswith("_s") else _text(value)


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a target, with those of its report beside them."""
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        if isinstance(value, Mapping):
            flat |= {f"{key} {inner}": fact for inner, fact in value.items()}
        else:
            flat[key] = value
    return flat


def _share(value: object) -> str | None:
    return f"{value:.0%}" if isinstance(value, (int, float)) else None


def _seconds(value: object) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number >= 2 else "left", no_wrap=True)
    return table
