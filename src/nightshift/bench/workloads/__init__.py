"""Workloads by name. Each is a file of its own; `base.py` says what a workload is."""

from nightshift.bench.workloads.base import Call, Message, Program, Workload
from nightshift.bench.workloads.registry import WORKLOADS, workload

__all__ = ["WORKLOADS", "Call", "Message", "Program", "Workload", "workload"]
