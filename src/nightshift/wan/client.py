"""Asks the control API of a running relay. Synchronous: for the command line and for what starts a relay."""

import http.client
from typing import Any
from urllib.parse import quote

import orjson

from nightshift.errors import UserError
from nightshift.wan.spec import split_address

_TIMEOUT_S = 5.0


class ControlClient:
    """Speaks to the control API at `address` (`host:port`, with or without `http://`)."""

    def __init__(self, address: str) -> None:
        self._host, self._port = split_address(address.removeprefix("http://").rstrip("/"), "--control")

    def links(self) -> dict[str, Any]:
        """Return state and counters of all links."""
        return self._ask("GET", "/links")

    def add_link(self, name: str, source: str, destination: str, target: str, listen: str = "") -> str:
        """Add a link, or give one that is there this target; return the `host:port` that it listens at.

        `listen` is where a new one shall listen; left out, on a free port of the loopback.
        """
        link = {"name": name, "from": source, "to": destination, "target": target}
        return str(self._ask("POST", "/links", link | ({"listen": listen} if listen else {}))["address"])

    def remove_link(self, name: str) -> bool:
        """Remove a link, which resets its connections; return whether there was one of that name."""
        return bool(_names(self._ask("DELETE", f"/links/{quote(name, safe='')}")))

    def cut(self, a: str, b: str, kind: str = "hold", *, one_way: bool = False) -> list[str]:
        """Cut `a` and `b` apart; return the names of the links concerned."""
        return _names(self._ask("POST", "/cut", {"a": a, "b": b, "kind": kind, "one_way": one_way}))

    def heal(self, a: str, b: str, *, one_way: bool = False) -> list[str]:
        """Heal `a` and `b`; return the names of the links concerned."""
        return _names(self._ask("POST", "/heal", {"a": a, "b": b, "one_way": one_way}))

    def heal_all(self) -> list[str]:
        """Heal every link; return their names."""
        return _names(self._ask("POST", "/heal", {}))

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        content = None if body is None else orjson.dumps(body)
        try:
            connection.request(method, path, content, {"content-type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, Any] = orjson.loads(response.read())
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
            where = f"{self._host}:{self._port}"
            raise UserError(
                f"no relay's control API answers at {where} ({error}); is `nightshift wan run` up?"
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise UserError(answer["error"]["message"])
        return answer


def _names(answer: dict[str, Any]) -> list[str]:
    return [str(name) for name in answer["links"]]
