"""The admin API: a thin page over `Console`, described by its own OpenAPI document at /openapi.json.

Answers are written as they are, by orjson; the schemas document them (the tests and schemathesis hold them to
it) and are not run over every answer: the state of a thousand replicas would hold up the event loop, in which
the requests of clients run as well. Errors have OpenAI's format, like everywhere.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, FastAPI, Path, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException

from nightshift import __version__
from nightshift.errors import UserError
from nightshift.proxy.admin import schemas
from nightshift.proxy.admin.console import Console, UnknownReplicaError
from nightshift.proxy.admin.masking import masked
from nightshift.proxy.admin.questions import MAX_DECISIONS
from nightshift.proxy.decision import PEER_TOKEN
from nightshift.proxy.errors import ApiError
from nightshift.proxy.settings import Targets

HEALTH_PATH = "/admin/health"
METRICS_PATH = "/metrics"

_ERRORS: Mapping[int, str] = {
    400: "The body is not JSON.",
    401: "The service's token is missing or wrong.",
    404: "There is no such replica.",
    408: "The body took too long.",
    413: "The body is too large.",
    422: "The request, or the configuration, is not acceptable; what was in force stays in force.",
}

# The gate checks the token, before any of this; these tell a reader of the document how to show it.
_TOKEN = [
    Security(HTTPBearer(auto_error=False, description="The service's token.")),
    Security(APIKeyHeader(name=PEER_TOKEN.decode(), auto_error=False, description="The service's token.")),
]


def make_app(console: Console) -> FastAPI:
    """Return the API over `console`; whoever serves it puts a `Gate` in front."""
    app = FastAPI(
        title="Nightshift balancer: admin API",
        version=__version__,
        docs_url=None,  # its scripts would come from a public host
        redoc_url=None,
        strict_content_type=False,  # `curl -X PUT --data-binary @targets.json` needs no more
    )
    app.include_router(_open_pages(console))
    app.include_router(_looking(console), dependencies=_TOKEN)
    app.include_router(_acting(console), dependencies=_TOKEN)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(UserError, _user_error)
    return app


def _open_pages(console: Console) -> APIRouter:
    router = APIRouter()

    @router.get(HEALTH_PATH, response_model=schemas.Health)
    async def health() -> Response:
        """Tell whether this process runs. Always 200, and open to all."""
        return _json(console.health())

    return router


def _looking(console: Console) -> APIRouter:
    router = APIRouter(responses=_responses(401))

    @router.get("/admin/state", response_model=schemas.State)
    async def state() -> Response:
        """Return all that the balancer knows and has done."""
        return _json(console.state())

    @router.get("/admin/decisions", response_model=schemas.Decisions, responses=_responses(422))
    async def decisions(
        last: Annotated[int, Query(ge=1, le=MAX_DECISIONS, description="How many, at most.")] = 20,
    ) -> Response:
        """Return the latest decisions, the newest first: the candidates, and why the winner won."""
        return _json({"decisions": console.decisions(last)})

    @router.get("/admin/config", response_model=dict[str, Any])
    async def config() -> Response:
        """Return the settings in force, without their secrets."""
        return _json(masked(console.config()))

    @router.get(METRICS_PATH, response_class=Response, responses={200: _METRICS_PAGE})
    async def metrics(request: Request) -> Response:
        """Return the metrics for Prometheus. Open to all if `admin.open_metrics` is set."""
        page, content_type = await console.metrics(request.headers.get("accept", ""))
        return Response(page, headers={"content-type": content_type})

    return router


def _acting(console: Console) -> APIRouter:
    router = APIRouter(responses=_responses(400, 401, 408, 413, 422))

    @router.post("/admin/drain", status_code=202, response_model=schemas.Draining)
    async def drain(asked: Annotated[schemas.DrainRequest | None, Body()] = None) -> Response:
        """Take no new requests; running ones get `grace_s` to end."""
        grace_s = console.drain(None if asked is None else asked.grace_s)
        return _json({"draining": True, "grace_s": grace_s}, 202)

    @router.post("/admin/reload", response_model=schemas.Reloaded)
    async def reload() -> Response:
        """Read the configuration file again. If it is wrong, 422 says why and the old one stays in force."""
        return _json({"changed": console.reload()})

    @router.put("/admin/settings", response_model=schemas.Reloaded)
    async def change_settings(settings: schemas.SettingsChange) -> Response:
        """Go on with these settings, until the file is read again. What is left out stays as it is."""
        return _json({"changed": console.change_settings(settings.root)})

    @router.put("/admin/targets", response_model=schemas.TargetsChanged)
    async def change_targets(targets: Targets) -> Response:
        """Take new replicas and peers. Requests under way stay where they are."""
        console.change_targets(targets)
        return _json({"replicas": len(targets.replicas), "peers": len(targets.peers)})

    replica_id = Path(
        description="The id of a replica of this balancer.",
        min_length=1,
        max_length=200,
        examples=["us-east-2-1"],
    )

    @router.post(
        "/admin/replicas/{replica_id:path}/drain",
        response_model=schemas.ReplicaDraining,
        responses=_responses(404),
    )
    async def drain_replica(replica_id: Annotated[str, replica_id]) -> Response:
        """Send nothing new to this replica; what runs there ends."""
        return _json(asdict(console.drain_replica(replica_id, draining=True)))

    @router.post(
        "/admin/replicas/{replica_id:path}/undrain",
        response_model=schemas.ReplicaDraining,
        responses=_responses(404),
    )
    async def undrain_replica(replica_id: Annotated[str, replica_id]) -> Response:
        """Send requests to this replica again."""
        return _json(asdict(console.drain_replica(replica_id, draining=False)))

    return router


_HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("invalid_json", "the body is not JSON in UTF-8"),  # all that FastAPI answers so
    404: ("unknown_path", "there is nothing at this path; GET /openapi.json says what there is"),
    405: ("method_not_allowed", "this method is not for this path; GET /openapi.json says which is"),
}


_METRICS_PAGE: dict[str, Any] = {
    "content": {
        "text/plain": {"schema": {"type": "string"}},
        "application/openmetrics-text": {"schema": {"type": "string"}},
    }
}


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.Error, "description": _ERRORS[status]} for status in statuses}


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


def _error(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    return Response(error.body(), error.status, headers, media_type="application/json")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it is registered for
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path"))
    message = str(problem["msg"]).removeprefix("Value error, ")
    text = f"{key}: {message}" if key else message
    return _error(ApiError(422, "invalid_value", text, param=key or None))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # what it is registered for
    code, message = _HTTP_ERRORS.get(error.status_code, ("bad_request", str(error.detail)))
    return _error(ApiError(error.status_code, code, message), error.headers)


async def _user_error(request: Request, error: Exception) -> Response:
    if isinstance(error, UnknownReplicaError):
        return _error(ApiError(404, "unknown_replica", str(error), param="replica_id"))
    return _error(ApiError(422, "invalid_value", str(error)))
