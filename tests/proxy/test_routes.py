"""Which path leads where."""

import pytest

from nightshift.proxy.errors import ApiError
from nightshift.proxy.routes import Routes

ROUTES = Routes(
    {"/health": {"GET": "health", "HEAD": "health"}, "/v1/completions": {"POST": "engine"}},
    {"/v1/models/": {"GET": "model"}},
)


@pytest.mark.parametrize(
    ("method", "path", "handler"),
    [
        ("GET", "/health", "health"),
        ("POST", "/v1/completions", "engine"),
        ("GET", "/v1/models/a", "model"),
        ("GET", "/v1/models/org/a", "model"),
    ],
)
def test_found(method: str, path: str, handler: str) -> None:
    assert ROUTES.find(method, path) == handler


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, None),
        ("GET", "/v1", 404, None),
        ("GET", "/v1/models/", 404, None),
        ("POST", "/v1/load_lora_adapter", 404, None),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/v1/completions", 405, "POST"),
        ("DELETE", "/v1/models/a", 405, "GET"),
    ],
)
def test_not_found(method: str, path: str, status: int, allow: str | None) -> None:
    with pytest.raises(ApiError) as raised:
        ROUTES.find(method, path)
    assert (raised.value.status, raised.value.allow) == (status, allow)
