"""The command `nightshift engine`."""

from typing import Annotated

import typer


def engine(
    *,
    profile: Annotated[
        str, typer.Option(help="The device and model to emulate; see --list-profiles.")
    ] = "l4-llama-3.1-8b",
    model: Annotated[
        str, typer.Option(help="The model's name in the API.")
    ] = "meta-llama/Llama-3.1-8B-Instruct",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 is any free one.", min=0, max=65535)] = 0,
    fd: Annotated[
        int | None, typer.Option(help="Listen on this inherited socket instead of --host and --port.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Run this many times faster than the device.")] = 1.0,
    seed: Annotated[
        int, typer.Option(help="Changes all answers. Replicas of one fleet need the same seed.")
    ] = 0,
    replica_id: Annotated[str, typer.Option(help="A name for this replica, told by /health.")] = "",
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when the parent does.")] = False,
    list_profiles: Annotated[bool, typer.Option("--list-profiles", help="List profiles and end.")] = False,
) -> None:
    """Serve an emulated LLM engine: the OpenAI API, with the timing and the KV cache of a real device.

    Answers are words drawn from a hash of the prompt. Continuous batching, chunked prefill, the prefix
    cache and preemption are modelled; docs/reference/engine-model.md says how, and what is not. Prints one
    JSON line with its address when it serves; ends on SIGTERM or Ctrl-C.

    Try: nightshift engine --port 8000, then
    curl localhost:8000/v1/chat/completions -d '{"messages": [{"role": "user", "content": "hello"}]}'
    """
    if list_profiles:
        _print_profiles()
        return
    import uvloop

    from nightshift.backends.emulated.options import EngineOptions, profile_named
    from nightshift.backends.emulated.serve import serve_until_told
    from nightshift.processes import die_with_parent, listening_socket

    if with_parent:
        die_with_parent()
    options = EngineOptions(profile_named(profile), model, speed, seed, replica_id)
    uvloop.run(serve_until_told(options, listening_socket(host, port, fd)))


def _print_profiles() -> None:
    from nightshift.engine.profiles import PROFILES

    for one in PROFILES.values():
        typer.echo(
            f"{one.name:20} {one.kv_capacity_tokens:>7} KV tokens; step {one.base_ns / 1e6:g} ms"
            f" + {one.prefill_token_ns / 1e6:g} per prompt token + {one.kv_token_ns / 1e3:g} per 1k KV tokens"
            f" + {one.sequence_ns / 1e6:g} per sequence"
        )
