"""Fixed words of the report: what each measure means, and what to keep in mind."""

from nightshift.bench.measures.definitions import DEFINITIONS, PARTS
from nightshift.bench.report import columns
from nightshift.bench.results import Json

GKE_SUFFIX = "gke_gateway"

NAMES = {column.path: column.title for column in columns.MAIN + columns.FURTHER} | {
    "ttft_s": "TTFT",
    "e2e_s": "E2E",
    "tpot_s": "TPOT",
    "itl_s": "ITL",
    "queued_s": "Queued",
    "schedule_lag_s": "Schedule lag",
    "goodput": "Goodput",
    "imbalance": "Imbalance",
    "imbalance_of_means": "Imbalance of means",
}
"""What the tables call a figure of `summary.json`."""

OTHER_DEFINITIONS: dict[str, str] = {
    "running, pending, kv_use": (
        "Of a replica, sampled over time: requests in its batch, requests that wait inside the engine, and "
        "the share of its KV cache that is in use, as its metrics say."
    ),
    "queue": "Requests that a balancer holds back because no target is available, sampled over time.",
}
"""What stands in tables or figures and is not of `bench.measures`."""


def definitions() -> dict[str, str]:
    """Return what each measure is, by the name that it has in `summary.json`."""
    return {**DEFINITIONS, **PARTS, **OTHER_DEFINITIONS}


def notes(run: Json, summary: Json) -> list[str]:
    """Return what a reader must keep in mind about this run, ending with the notes of the run itself."""
    found = []
    if run.get("emulated"):
        found.append(
            "The engine is emulated: GPU time comes from a model of continuous batching with a device "
            "profile. Balancers, clients and connections are real processes and sockets; a relay adds the "
            "delay between regions."
        )
    if float(run.get("speed") or 1) != 1:
        speed = float(run["speed"])
        found.append(
            f"The run was {speed:g} times faster than real time and its seconds were multiplied by "
            f"{speed:g}. That multiplies the time that balancers and clients take on this machine too: "
            f"their overhead looks {speed:g} times larger than it is."
        )
    if any(row["suffix"] == GKE_SUFFIX for row in summary["systems"]):
        found.append(
            "The system gke_gateway is an emulation of the GKE multi-cluster gateway (nearest region first, "
            "overflow by capacity, blind to prefixes), not Google's product."
        )
    found.append(
        "Systems ran one after another, each on a fresh fleet with cold caches and the same seed. Answers go "
        "into the history of a conversation, and a quicker system serves more turns in the same time."
    )
    return found + [str(note) for note in run.get("notes") or ()]
