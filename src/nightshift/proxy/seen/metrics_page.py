"""The table in docs/reference/metrics.md: `python -m nightshift.proxy.seen.metrics_page`."""

import sys

from nightshift.proxy.seen import catalogue


def table() -> str:
    """Return the table of all metrics."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {metric.meaning} |\n"
        for metric in catalogue.ALL
    ]
    return "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table())
