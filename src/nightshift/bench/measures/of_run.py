"""All figures of one repetition of one system: from what it left in its folder to plain values for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.measures.client_load import client_load
from nightshift.bench.measures.columns import Columns
from nightshift.bench.measures.figures import figures_of
from nightshift.bench.measures.imbalance import imbalance
from nightshift.bench.measures.slo import Slo
from nightshift.bench.measures.window import Window
from nightshift.bench.results import clients_in, records_in, samples_in


def measure_repetition(folder: Path, window: Window, slo: Slo) -> dict[str, Any]:
    """Return the figures of a folder `rep-<k>`, those of each client region below `regions`.

    Imbalance is over the replicas that stand in the region, wherever their requests came from.
    """
    columns = Columns.of(records_in(folder))
    samples, accounts = samples_in(folder), clients_in(folder)
    regions = sorted(set(columns.region) | {str(account["region"]) for account in accounts})

    def figures(region: str | None) -> dict[str, Any]:
        own = columns if region is None else columns.where(columns.region == region)
        return {
            **figures_of(own, window, slo).as_dict(),
            **asdict(imbalance(samples, window, region)),
            **asdict(client_load(accounts, region)),
        }

    return {
        **figures(None),
        "wan": wan_account(folder),
        "regions": {region: figures(region) for region in regions},
    }


def wan_account(folder: Path) -> Mapping[str, Any] | None:
    """What the relay measured of itself; None where there was none. Lateness is that of the worst link."""
    path = folder / "wan.json"
    if not path.is_file():
        return None
    relay = orjson.loads(path.read_bytes())
    lanes: Sequence[Mapping[str, float]] = [
        link[way]["late_ms"] for link in relay["links"] for way in ("forward", "back")
    ]
    return {
        "chunks": relay["chunks"],
        "cpu_us_per_chunk": relay["cpu_us_per_chunk"],
        "late_p50_ms": max(lane["p50"] for lane in lanes),
        "late_p99_ms": max(lane["p99"] for lane in lanes),
    }
