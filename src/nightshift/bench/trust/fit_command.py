"""`nightshift engine fit`: an engine profile from the times of a real engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightshift.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nightshift.bench.trust.fitting import Fit
    from nightshift.bench.trust.probes import Heard

_LENGTH_NOTE = (
    "tokens of the model are 4 bytes of text each; the engine counted {ratio:.3f} of its own for each"
)


def fit_command(
    *,
    engine: Annotated[
        str, typer.Argument(help="The real engine: URL, host:port, or llama.cpp to start one here.")
    ],
    out: Annotated[
        Path,
        typer.Option(help="File for the profile (JSON); --profile takes it wherever a profile is named."),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the profile. Default: that of the file.")] = None,
    model: Annotated[str | None, typer.Option(help="Default: the first that /v1/models lists.")] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Requests it runs at once. Default: what /props says, else 4.")
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=256, help="Tokens of one request. Default: what /props says, else 2048."),
    ] = None,
    kv_tokens: Annotated[
        int | None,
        typer.Option(
            min=256,
            help="Tokens that its KV cache holds; cannot be measured from outside. Default: slots x context; "
            "for llama.cpp here what it is started with.",
        ),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option(min=1, help="Tokens of a KV block. Default: 1 for llama.cpp (it has /props), else 16."),
    ] = None,
    chunk: Annotated[int, typer.Option(min=16, help="Prompt tokens that a step computes at most.")] = 2048,
    repeat: Annotated[int, typer.Option(min=1, help="How often each probe is asked.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the probes' texts and their order.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the profile as JSON.")] = False,
) -> None:
    """Measure a real engine and write an engine profile of it.

    Asks prompts of several lengths, alone and side by side, nothing of them cached, and fits the terms of the
    model's step time to what came. Have the engine to yourself meanwhile. What the profile says of memory is
    taken from the options. How well the model then does on a workload says `nightshift bench validate`.

    \b
    nightshift engine fit llama.cpp --out smollm2.json
    nightshift engine fit http://10.1.0.4:8000 --slots 256 --context 8192 --kv-tokens 28000 --out l4.json
    nightshift bench compare --profile l4.json
    """
    import asyncio

    import orjson

    if out.exists():
        raise UserError(f"{out} exists; give --out a new file")
    profile, fit = asyncio.run(
        fitted(
            engine,
            name=name or out.stem,
            model=model,
            slots=slots,
            context=context,
            kv_tokens=kv_tokens,
            block=block,
            chunk=chunk,
            repeat=repeat,
            seed=seed,
            say=lambda text: typer.echo(text, err=True),
        )
    )
    out.write_bytes(orjson.dumps(profile, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if json:
        typer.echo(orjson.dumps(profile, option=orjson.OPT_INDENT_2).decode())
        return
    for term, value in fit.terms.items():
        typer.echo(f"{term:18} {value:>12,}")
    typer.echo(f"says {fit.equations} measured times to within {fit.error_p50:.1%} (median), "
               f"{fit.error_worst:.1%} (worst)")  # fmt: skip
    typer.echo(f"profile: {out}")


async def fitted(
    engine: str,
    *,
    name: str,
    model: str | None = None,
    slots: int | None = None,
    context: int | None = None,
    kv_tokens: int | None = None,
    block: int | None = None,
    chunk: int = 2048,
    repeat: int = 2,
    seed: int = 0,
    say: "Any" = lambda text: None,  # noqa: ANN401 - a callable that takes a line
) -> "tuple[dict[str, Any], Fit]":
    """Measure `engine` (a URL, or `llama.cpp`) and return the profile's values and how well they fit."""
    from random import Random

    import aiohttp

    from nightshift.bench.client.run import first_model
    from nightshift.bench.trust.engines import LLAMA_CPP, engine_at, kv_tokens_here, room_of
    from nightshift.bench.trust.fitting import equations, fit
    from nightshift.bench.trust.probes import ladder
    from nightshift.bench.trust.probing import ask_all
    from nightshift.engine.tokens import BLOCK_TOKENS

    rng = Random(seed)
    # A connection each: llama.cpp may close one right after a streamed answer.
    connector = aiohttp.TCPConnector(force_close=True)
    async with engine_at(engine) as url, aiohttp.ClientSession(connector=connector) as session:
        room = await room_of(session, url)
        slots, context = slots or room.slots or 4, context or room.context_tokens or 2048
        probes = ladder(context_tokens=context, slots=slots, repeat=repeat, rng=rng)
        asked = model or await first_model(session, url)
        say(f"{len(probes)} probes of {asked} at {url}: {slots} at once, {context} tokens each")
        rounds = await ask_all(
            session,
            url,
            asked,
            probes,
            rng=rng,
            done=lambda number: say(f"{number}/{len(probes)} probes answered"),
        )
    found = fit(equations(rounds))
    profile = {
        "name": name,
        "kv_capacity_tokens": kv_tokens or (kv_tokens_here() if engine == LLAMA_CPP else slots * context),
        **found.terms,
        "chunked_prefill_tokens": chunk,
        "block_tokens": block or (1 if room.slots else BLOCK_TOKENS),
        "max_running": slots,
        "context_tokens": context,
        "fitted": {
            "engine": asked,
            "observations": found.equations,
            "error_p50": round(found.error_p50, 4),
            "error_worst": round(found.error_worst, 4),
            "note": _LENGTH_NOTE.format(ratio=_own_tokens_each(rounds)),
        },
    }
    return profile, found


def _own_tokens_each(rounds: "Sequence[Sequence[Heard]]") -> float:
    """Tokens that the engine counted for each token of the model; NaN where it told none."""
    told = [
        (one.told_prompt_tokens, one.prompt_tokens)
        for heard in rounds
        for one in heard
        if one.told_prompt_tokens is not None
    ]
    return sum(own for own, _ in told) / sum(tokens for _, tokens in told) if told else float("nan")
