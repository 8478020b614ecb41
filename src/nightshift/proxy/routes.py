"""Which path and method lead where, and what is said when they lead nowhere."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from nightshift.proxy.errors import ApiError

Handler = TypeVar("Handler")


def unknown_path(path: str) -> ApiError:
    """Return the error for a path that leads nowhere."""
    return ApiError(404, "unknown_path", f"there is nothing at {path[:200]}; the API is at /v1/")


def wrong_method(method: str, path: str, allowed: Iterable[str]) -> ApiError:
    """Return the error for a method that a path does not take."""
    allow = ", ".join(allowed)
    message = f"{method} is not for {path[:200]}; allowed: {allow}"
    return ApiError(405, "method_not_allowed", message, allow=allow)


class Routes(Generic[Handler]):
    """A table of paths, and one of prefixes that end with a slash, for what has a name behind it."""

    def __init__(
        self,
        paths: dict[str, dict[str, Handler]],
        prefixes: dict[str, dict[str, Handler]] | None = None,
    ) -> None:
        self._paths = paths
        self._prefixes = prefixes or {}

    def find(self, method: str, path: str) -> Handler:
        """Return the handler. Raises `ApiError` 404 or 405."""
        methods = self._paths.get(path) or self._behind_a_prefix(path)
        if methods is None:
            raise unknown_path(path)
        handler = methods.get(method)
        if handler is None:
            raise wrong_method(method, path, methods)
        return handler

    def _behind_a_prefix(self, path: str) -> dict[str, Handler] | None:
        for prefix, methods in self._prefixes.items():
            if path.startswith(prefix) and len(path) > len(prefix):
                return methods
        return None
