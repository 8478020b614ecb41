"""Which path and method lead where, and what is said when they lead nowhere."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from nightshift.balancing.prompt import CHAT_PATH, COMPLETIONS_PATH
from nightshift.proxy.errors import ApiError

Handler = TypeVar("Handler")

ENGINE_PREFIX = "/v1/"
POST_ONLY = (CHAT_PATH, COMPLETIONS_PATH)


class Routes(Generic[Handler]):
    """A table of own paths; what begins with `/v1/` goes to an engine."""

    def __init__(self, own: Mapping[str, Mapping[str, Handler]], engine: Handler) -> None:
        self._table = {**own, **{path: {"POST": engine} for path in POST_ONLY}}
        self._engine_methods = {"GET": engine, "HEAD": engine, "POST": engine}

    def find(self, method: str, path: str) -> Handler:
        """Return the handler. Raises `ApiError` 404 or 405."""
        methods = self._table.get(path)
        if methods is None:
            if not path.startswith(ENGINE_PREFIX):
                raise ApiError(404, "unknown_path", f"there is nothing at {path[:200]}; the API is at /v1/")
            methods = self._engine_methods
        handler = methods.get(method)
        if handler is None:
            allowed = ", ".join(methods)
            message = f"{method} is not for {path[:200]}; allowed: {allowed}"
            raise ApiError(405, "method_not_allowed", message, allow=allowed)
        return handler
