"""What systems and runs are called wherever they are shown, with the words that may not be left out."""

from nightshift.bench.results import Json


def shown_name(row: Json) -> str:
    """Return the legend of a row of `summary.json`, marked where it is emulated or not whole."""
    legend = str(row["legend"])
    if row.get("emulated_note") and "emulated" not in legend:
        legend += " (emulated)"
    if row.get("state", "finished") != "finished":
        legend += " (partial)"
    return legend


def numbered_name(row: Json) -> str:
    """Return number and name; the name alone where there is no number."""
    number = row.get("id")
    return shown_name(row) if number is None else f"{number} {shown_name(row)}"


def engine_label(run: Json) -> str:
    """Name the engine; an emulated one always carries the word."""
    engine = str(run.get("engine", "unknown engine"))
    if run.get("emulated") and "emulated" not in engine:
        return f"emulated {engine}"
    return engine


def time_label(run: Json) -> str:
    """Say whether the run was live or simulated; nothing where it does not say."""
    time = str(run.get("time") or "")
    return "virtual time (simulated)" if time.startswith("virtual") else time
