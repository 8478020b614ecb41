"""What the harness itself cost, in words."""

from typing import Any


def account(summary: dict[str, Any]) -> list[str]:
    """Return the clients' CPU and lag, the relay's CPU and delay, which runs broke off, and skipped rows."""
    rows = summary["systems"]
    lines = [
        f"warning: {row['legend']} is partial: {row['why']}"
        for row in rows
        if row.get("state") not in (None, "finished")
    ]
    if "skipped" in str(summary.get("data")):
        lines.append(f"data: {summary['data']}")
    if summary.get("time") == "virtual":
        return [*lines, "virtual time (simulated): nothing here waited for a processor or a socket"]
    cpu = max((row["client_cpu_share"] or 0.0 for row in rows), default=0.0)
    lag_ms = max((row["client_lag_p99_s"] or 0.0 for row in rows), default=0.0) * 1000
    lines.append(
        f"clients: at most {cpu:.0%} of a core each, timer lag p99 {lag_ms:.1f} ms of the run's time"
    )
    if cpu > 0.7:
        lines.append(
            "warning: a client was near its own limit (70% of a core); its waiting is in the latencies"
        )
    late_s = max((row["client_late_s"] or 0.0 for row in rows), default=0.0)
    if late_s > 0:
        lines.append(
            f"warning: a client began {late_s:.1f} s late (real), with the clock running: its throughput is "
            "too low; close other programs and run again"
        )
    relays = [row["wan"] for row in rows if row["wan"]]
    if relays:
        late = max(relay["late_p99_ms"] for relay in relays)
        cost = max(relay["cpu_us_per_chunk"] or 0 for relay in relays)
        lines.append(
            f"WAN relay: {cost:.0f} µs CPU per chunk, deliveries at most {late:.1f} ms late at p99 (real)"
        )
    return lines
