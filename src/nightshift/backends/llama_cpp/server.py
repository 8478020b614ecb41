"""Starts llama.cpp's HTTP server inside this process, with settings that suit a replica.

One thread for each replica: more of them wait for each other at every step, and on a busy machine that
costs a factor of a hundred. The context is shared: a slot has `context_tokens / slots` of it. `cache_mib`
bounds the host memory that keeps the prefixes of earlier prompts; it is what makes placement matter.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """One llama.cpp server."""

    model_path: Path
    host: str
    port: int
    alias: str
    slots: int = 4
    context_tokens: int = 8192
    threads: int = 1
    cache_mib: int = 1024
    metrics: bool = True


# The server keeps a thread for each open connection; a balancer holds as many as it has requests on the
# replica, and its probes must not wait for one of those to end.
_HTTP_THREADS = 64


def start(settings: Settings) -> Any:  # noqa: ANN401 - the wheel is untyped
    """Load the model and serve; return the server, which serves until the process ends.

    Blocks for as long as loading takes (about a second). Raises RuntimeError when the model does not load
    or the port is taken; llama.cpp's log on standard error says why.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(settings.model_path)
    params.model_alias = [settings.alias]
    params.hostnames = [settings.host]
    params.port = settings.port
    params.n_ctx = settings.context_tokens
    params.n_parallel = settings.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.n_threads_http = _HTTP_THREADS
    params.cache_ram_mib = settings.cache_mib
    params.endpoint_metrics = settings.metrics
    params.endpoint_slots = params.offline = True
    return xllamacpp.Server(params)
