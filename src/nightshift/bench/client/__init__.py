"""The load generator of one region: asks what a workload's users ask, and records what came of it."""

from nightshift.bench.client.run import ClientSettings, ClientSummary, run_client

__all__ = ["ClientSettings", "ClientSummary", "run_client"]
