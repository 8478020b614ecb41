"""The real engine under trial: one that runs already, or a llama.cpp that is started for it here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from nightshift.backends.llama_cpp.server import Settings
from nightshift.balancing.switches import Switches
from nightshift.control.local.fleet import LocalFleet
from nightshift.control.local.plan import Engine, FleetPlan, RegionPlan

LLAMA_CPP = "llama.cpp"
"""Given in place of a URL: start one here."""

_SMOLLM2_KV_BYTES = 2 * 30 * 3 * 64 * 2
"""A token in the KV cache of SmolLM2-135M: keys and values, 30 layers, 3 KV heads of 64, 2 bytes (its
configuration)."""


def kv_tokens_here() -> int:
    """Tokens that the llama.cpp started here keeps: its slots' context, and prefixes in host memory."""
    here = Settings(Path(), "", 0, "")
    return here.context_tokens + here.cache_mib * 2**20 // _SMOLLM2_KV_BYTES


@dataclass(frozen=True, slots=True)
class Room:
    """How many requests an engine takes at once, and how many tokens each may have; None: it does not say."""

    slots: int | None
    context_tokens: int | None


@asynccontextmanager
async def engine_at(where: str) -> AsyncIterator[str]:
    """Yield the base URL of the engine; one that is started here ends afterwards."""
    if where != LLAMA_CPP:
        url = where if "://" in where else f"http://{where}"
        yield url.rstrip("/").removesuffix("/v1")
        return
    with TemporaryDirectory(prefix="nightshift-engine-") as folder:
        plan = FleetPlan(
            name="trial",
            regions=(RegionPlan("us-east-2", 1),),
            routing=Switches(),
            log_dir=Path(folder),
            engine=Engine.LLAMA_CPP,
            wan=None,
        )
        async with LocalFleet(plan) as fleet:
            yield f"http://{fleet.replicas[0].address}"


async def room_of(session: aiohttp.ClientSession, base_url: str) -> Room:
    """Ask llama.cpp's `/props`, which other engines do not have."""
    try:
        async with session.get(f"{base_url}/props") as response:
            if response.status != 200:
                return Room(None, None)
            props = await response.json(content_type=None)
        return Room(int(props["total_slots"]), int(props["default_generation_settings"]["n_ctx"]))
    except (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError):
        return Room(None, None)
