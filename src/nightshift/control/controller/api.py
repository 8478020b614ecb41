"""The controller's API: HTTP and JSON, with the controller's token, on loopback unless told otherwise.

Described by its own OpenAPI document at /openapi.json. Errors have OpenAI's format. No answer has a secret.
"""

import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nightshift import __version__
from nightshift.control.controller.api_errors import as_json, handle_errors
from nightshift.control.controller.services import Given, Services
from nightshift.control.lifecycle.states import State
from nightshift.errors import UserError

_Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewService(_Closed):
    """A service file, and the values of `--env`."""

    name: _Name
    text: Annotated[str, Field(max_length=2**20, repr=False)]
    source: str = "service.yaml"
    envs: Annotated[dict[str, str], Field(repr=False)] = {}

    def given(self) -> Given:
        """Return it as the controller takes it."""
        return Given(self.name, self.text, self.source, self.envs)


class NewVersion(NewService):
    """The next version of a service."""

    mode: Literal["rolling", "blue_green"] = "rolling"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the API speaks for. `stop` lets the controller end itself; what runs goes on."""

    services: Services
    token: str
    stop: Callable[[], None]


def make_app(desk: Desk) -> FastAPI:
    """Return the API as an application."""

    async def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {desk.token}".encode()):
            raise HTTPException(401, "the controller's token is wanted: Authorization: Bearer TOKEN")

    app = FastAPI(title="Nightshift controller", version=__version__, docs_url=None, redoc_url=None)
    guard = [Depends(authorized)]
    app.include_router(_open())
    app.include_router(_looking(desk), dependencies=guard)
    app.include_router(_acting(desk), dependencies=guard)
    handle_errors(app)
    return app


def _open() -> APIRouter:
    router = APIRouter()

    @router.get("/v1/health")
    async def health() -> Response:
        """Tell that the controller runs."""
        return as_json({"status": "ok", "version": __version__})

    return router


def _looking(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/services")
    async def services(name: str | None = None) -> Response:
        """Return all services, or one, with their units and load."""
        return as_json({"services": desk.services.views(name)})

    @router.get("/v1/services/{name}/leftovers")
    async def leftovers(name: str) -> Response:
        """Return what is still there of a service, whether it is known or not."""
        return as_json({"leftovers": await _leftovers(desk, name)})

    @router.get("/v1/services/{name}/logs/{unit}")
    async def logs(
        name: str, unit: str, follow: Annotated[bool, Query(description="Go on until it ends.")] = False
    ) -> Response:
        """Return what a unit has written: by its name, or as `replica-3`, `balancer-1`."""
        lines = desk.services.provider_of(name).logs(_unit_name(desk, name, unit), follow=follow)
        return StreamingResponse(await _begun(lines), media_type="text/plain; charset=utf-8")

    return router


def _acting(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/services", status_code=201)
    async def begin(new: NewService) -> Response:
        """Begin a service; its units are launched from here on."""
        await desk.services.begin(new.given())
        return as_json({"name": new.name, "version": 1}, 201)

    @router.put("/v1/services/{name}")
    async def update(name: str, new: NewVersion) -> Response:
        """Begin the next version of a service."""
        if name != new.name:
            raise UserError(f"the path is for {name!r}, the body for {new.name!r}")
        await desk.services.update(new.given(), new.mode)
        return as_json({"name": name, "version": desk.services.loop(name).fleet.service.version})

    @router.delete("/v1/services/{name}", status_code=202)
    async def end(name: str, purge: bool = False) -> Response:
        """End a service. With `purge`, forget what cannot be removed."""
        desk.services.end(name, purge=purge)
        return as_json({"name": name}, 202)

    @router.put("/v1/services/{name}/baselines/{baseline}", status_code=202)
    async def put_baseline(name: str, baseline: str) -> Response:
        """Let a baseline of the benchmark stand before the replicas of a service."""
        desk.services.stand_before(name, baseline, wanted=True)
        return as_json({"name": name, "baseline": baseline}, 202)

    @router.delete("/v1/services/{name}/baselines/{baseline}", status_code=202)
    async def remove_baseline(name: str, baseline: str) -> Response:
        """End a baseline."""
        desk.services.stand_before(name, baseline, wanted=False)
        return as_json({"name": name, "baseline": baseline}, 202)

    @router.post("/v1/stop", status_code=202)
    async def stop() -> Response:
        """End the controller; services go on, and the next controller takes them up."""
        desk.stop()
        return as_json({"stopping": True}, 202)

    return router


async def _leftovers(desk: Desk, name: str) -> list[str]:
    loop = desk.services.loops.get(name)
    if loop is None:
        return await desk.services.leftovers(name)
    here = [f"unit {row.name}: {row.state}" for row in loop.fleet.rows if row.gone is None]
    failed = [f"{row.name}: {row.problem}" for row in loop.fleet.rows if row.state is State.FAILED_CLEANUP]
    return here + failed


def _unit_name(desk: Desk, service: str, unit: str) -> str:
    """Understand `replica-3` and `balancer-1` beside a unit's own name."""
    rows = desk.services.loop(service).fleet.rows
    kind, _, number = unit.rpartition("-")
    letter = {"replica": "r", "balancer": "b"}.get(kind)
    name = f"{service}-{letter}{number}" if letter else unit
    if name not in {row.name for row in rows}:
        known = ", ".join(sorted(row.name for row in rows)) or "none"
        raise UserError(f"service {service!r} has no unit {unit!r}; known: {known}")
    return name


async def _begun(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Read the first piece now, so that an error can still be an answer."""
    iterator = aiter(lines)
    first = await anext(iterator, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in iterator:
            yield piece

    return whole()
