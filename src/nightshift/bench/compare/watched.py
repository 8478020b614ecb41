"""What can be heard, while they are measured, of endpoints that no controller here knows.

A balancer of Nightshift tells its state, queue and replicas, to who shows the service's secret
(NIGHTSHIFT_PEER_TOKEN, as `nightshift admin` wants it; with commas between where services differ); secrets
are shown only to what has said that it is one. An engine tells everybody its load. Of anything else nothing
is heard, and the result says so. An emulated engine says that it is one in its list of models.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nightshift.bench.compare.given import Source, Target
from nightshift.bench.loads import balancer_state, engine_load, object_at

if TYPE_CHECKING:
    from aiohttp import ClientSession

TOKEN = "NIGHTSHIFT_PEER_TOKEN"  # noqa: S105 - its name
_EMULATED = "nightshift-emulated"
"""Who owns the models of an emulated engine, as it lists them."""
_TIMEOUT_S = 2.0
_UNHEARD = "queues and outstanding requests were not sampled"
_HEARD = "samples are what the balancers that clients ask say of themselves and of their replicas"


@dataclass(frozen=True, slots=True)
class _Heard:
    """What an address is: a source of samples, or `why` nothing can be heard of it."""

    source: Source | None
    why: str
    is_emulated: bool


def secrets() -> list[str]:
    """Return the secrets of the environment."""
    return [one.strip() for one in os.environ.get(TOKEN, "").split(",") if one.strip()]


def watched(targets: Mapping[str, Target]) -> dict[str, Target]:
    """Return the targets with what can be sampled of each; its note says what cannot.

    Asks each endpoint that is of no known service what it is. Never raises for what does not answer.
    """
    unknown = {suffix: target for suffix, target in targets.items() if target.service is None}
    if not unknown:
        return dict(targets)
    places = {address: region for one in unknown.values() for region, address in one.endpoints.items()}
    found = asyncio.run(_recognised(places, secrets()))
    return {
        suffix: _with(target, suffix, found) if suffix in unknown else target
        for suffix, target in targets.items()
    }


def _with(target: Target, suffix: str, found: Mapping[str, "_Heard"]) -> Target:
    heard = [found[address] for address in dict.fromkeys(target.endpoints.values())]
    sources = tuple(one.source for one in heard if one.source is not None)
    notes = [target.note] if target.note else []
    if any(one.is_balancer for one in sources):
        notes.append(f"System {suffix}: {_HEARD}")
    if deaf := [one.why for one in heard if one.why]:
        notes.append(f"System {suffix}: {_UNHEARD}: {'; '.join(deaf)}")
    emulated = any(one.is_emulated for one in heard)
    return replace(
        target,
        sources=sources,
        note=". ".join(notes),
        emulated=emulated,
        engine="emulated, as it says of itself" if emulated else target.engine,
    )


async def _recognised(places: Mapping[str, str], tokens: Sequence[str]) -> dict[str, "_Heard"]:
    async with _session() as http:
        found = await asyncio.gather(*(_what(http, *place, tokens) for place in places.items()))
    return dict(zip(places, found, strict=True))


async def _what(http: "ClientSession", address: str, region: str, tokens: Sequence[str]) -> "_Heard":
    """Ask an address what it is."""
    is_emulated = await _is_emulated(http, address)
    if not await _is_balancer(http, address):
        if await engine_load(http, _url(address)) is None:
            return _Heard(None, f"{address} tells nothing of its load", is_emulated)
        return _Heard(Source(address, region, is_balancer=False), "", is_emulated)
    for place, token in enumerate(tokens):
        if await balancer_state(http, _url(address), token) is not None:
            return _Heard(Source(address, region, is_balancer=True, secret=place), "", is_emulated)
    why = f"that takes no secret of {TOKEN}" if tokens else f"; set {TOKEN} to its service's secret"
    return _Heard(None, f"{address} is a balancer of Nightshift{' ' if tokens else ''}{why}", is_emulated)


async def look(http: "ClientSession", sources: Iterable[Source], tokens: Sequence[str]) -> dict[str, Any]:
    """Return `replicas` and `balancers` as a line of samples.jsonl has them; who is silent is left out."""
    known = list(sources)
    said = await asyncio.gather(*(_said(http, one, tokens) for one in known))
    replicas: dict[str, Any] = {}
    balancers: dict[str, dict[str, int]] = {}
    seen: set[str] = set()
    for source, facts in zip(known, said, strict=True):
        if facts is None:
            continue
        if not source.is_balancer:
            replicas[source.address] = {"region": source.region, **facts}
        elif facts["name"] not in seen:  # several regions may ask the same one
            seen.add(facts["name"])
            region = str(facts["region"])
            for name, one in facts["replica"].items():
                loads = {key: one[key] for key in ("pending", "running", "kv_use")}
                replicas[name] = {"region": region, **loads}
            own = balancers.setdefault(region, {"queue": 0, "outstanding": 0, "handed_over": 0})
            own["queue"] += facts["queue"]
            own["outstanding"] += facts["outstanding"]
            own["handed_over"] += facts["counters"]["handed_over"]
    return {"replicas": replicas, "balancers": balancers}


async def _said(http: "ClientSession", source: Source, tokens: Sequence[str]) -> dict[str, Any] | None:
    url = _url(source.address)
    if source.is_balancer:
        return await balancer_state(http, url, tokens[source.secret])
    return await engine_load(http, url)


async def _is_balancer(http: "ClientSession", address: str) -> bool:
    return {"name", "region"} <= set(await object_at(http, f"{_url(address)}/nightshift/health"))


async def _is_emulated(http: "ClientSession", address: str) -> bool:
    models = (await object_at(http, f"{_url(address)}/v1/models")).get("data")
    return isinstance(models, list) and any(
        isinstance(one, dict) and one.get("owned_by") == _EMULATED for one in models
    )


def _url(address: str) -> str:
    """Return an endpoint as the clients ask it, without a path."""
    url = address if "://" in address else f"http://{address}"
    return url.rstrip("/").removesuffix("/v1")


def _session() -> "ClientSession":
    from aiohttp import ClientSession, ClientTimeout

    return ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S))
